/** A real Kafka broker and a Flink cluster inside one process, for the demo and for tests. */
@NullMarked
package io.forestall.app.runtime;

import org.jspecify.annotations.NullMarked;
