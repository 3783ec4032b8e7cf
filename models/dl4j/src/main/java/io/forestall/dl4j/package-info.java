/** The only room that sees Deeplearning4j: networks, training, export and the DL4J scorer. */
@NullMarked
package io.forestall.dl4j;

import org.jspecify.annotations.NullMarked;
