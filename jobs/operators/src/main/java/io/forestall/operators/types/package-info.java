/**
 * How the records of our streams and states become bytes: one serializer a type, written by hand,
 * so that no state depends on reflection (no Kryo) and the format of each is in view.
 */
@NullMarked
package io.forestall.operators.types;

import org.jspecify.annotations.NullMarked;
