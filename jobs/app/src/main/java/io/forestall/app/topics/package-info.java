/** The {@code topics} command: the catalogue, and a broker held against it. */
@NullMarked
package io.forestall.app.topics;

import org.jspecify.annotations.NullMarked;
