/**
 * Volumes, who owns their segments, and the sagas that change it: made and looked at from the
 * command line, and what the console shows of them (C4, D1, D2).
 */
@NullMarked
package io.forestall.app.volume;

import org.jspecify.annotations.NullMarked;
