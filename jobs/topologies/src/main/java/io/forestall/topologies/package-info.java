/** One class per job: ports in, named steps, ports out. */
@NullMarked
package io.forestall.topologies;

import org.jspecify.annotations.NullMarked;
