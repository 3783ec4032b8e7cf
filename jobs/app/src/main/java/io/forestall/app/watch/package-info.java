/** What Forestall lets others watch: the catalogue of its metrics and what is made from it. */
@NullMarked
package io.forestall.app.watch;

import org.jspecify.annotations.NullMarked;
