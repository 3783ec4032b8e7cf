/** Tests of the console, and doubles that feed it by hand. */
@NullMarked
package io.forestall.app.console;

import org.jspecify.annotations.NullMarked;
