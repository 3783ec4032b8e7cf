/** The command {@code forestall ingest} and the feeds behind it and behind the demo. */
@NullMarked
package io.forestall.app.ingest;

import org.jspecify.annotations.NullMarked;
