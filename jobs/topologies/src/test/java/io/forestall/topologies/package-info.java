/** Tests of whole jobs on a cluster in the process, with collected ports. */
@NullMarked
package io.forestall.topologies;

import org.jspecify.annotations.NullMarked;
