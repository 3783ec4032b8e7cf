/** The forestall command, the embedded runtime and the console. */
@NullMarked
package io.forestall.app;

import org.jspecify.annotations.NullMarked;
