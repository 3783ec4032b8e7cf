/** {@code forestall rules}: looking at rules, checking and testing them, without any broker. */
@NullMarked
package io.forestall.app.rules;

import org.jspecify.annotations.NullMarked;
