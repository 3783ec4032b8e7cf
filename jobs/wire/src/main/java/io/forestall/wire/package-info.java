/** Codecs between Avro and the nouns; Kafka framing. No Flink. */
@NullMarked
package io.forestall.wire;

import org.jspecify.annotations.NullMarked;
