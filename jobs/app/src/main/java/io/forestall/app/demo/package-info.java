/** The {@code demo} command: all of Forestall on one machine, from one command. */
@NullMarked
package io.forestall.app.demo;

import org.jspecify.annotations.NullMarked;
