/** Storage nodes from the command line (C4, D2, E1). */
@NullMarked
package io.forestall.app.node;

import org.jspecify.annotations.NullMarked;
