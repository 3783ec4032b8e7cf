/** Fleet nouns and the pure deciders. No Flink, no Kafka, no clock. */
@NullMarked
package io.forestall.decisions;

import org.jspecify.annotations.NullMarked;
