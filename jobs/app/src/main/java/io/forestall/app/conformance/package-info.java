/** {@code forestall conformance}: asks a running storage node whether it keeps its contract. */
@NullMarked
package io.forestall.app.conformance;

import org.jspecify.annotations.NullMarked;
