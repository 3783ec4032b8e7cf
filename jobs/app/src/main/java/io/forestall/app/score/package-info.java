/** The command {@code forestall score}: a folder of drive-stats CSV scored without a broker. */
@NullMarked
package io.forestall.app.score;

import org.jspecify.annotations.NullMarked;
