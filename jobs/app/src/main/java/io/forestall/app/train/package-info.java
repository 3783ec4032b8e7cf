/** The {@code train} command: weights and a model card from drive histories. */
@NullMarked
package io.forestall.app.train;

import org.jspecify.annotations.NullMarked;
