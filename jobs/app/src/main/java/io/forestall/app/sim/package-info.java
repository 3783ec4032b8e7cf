/** {@code forestall sim}: worlds from seeds in which the deciders must keep every invariant. */
@NullMarked
package io.forestall.app.sim;

import org.jspecify.annotations.NullMarked;
