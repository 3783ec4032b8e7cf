/** Models: which there are, which scores, and how that is changed. */
@NullMarked
package io.forestall.app.model;

import org.jspecify.annotations.NullMarked;
