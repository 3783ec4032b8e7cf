/** Tests of models and of what is done with them. */
@NullMarked
package io.forestall.app.model;

import org.jspecify.annotations.NullMarked;
