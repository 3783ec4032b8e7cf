/** Library for storage nodes and volume clients. */
@NullMarked
package io.forestall.nodes;

import org.jspecify.annotations.NullMarked;
