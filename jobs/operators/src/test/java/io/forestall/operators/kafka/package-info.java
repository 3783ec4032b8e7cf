/** Tests of the Kafka edges, without a broker. */
@NullMarked
package io.forestall.operators.kafka;

import org.jspecify.annotations.NullMarked;
