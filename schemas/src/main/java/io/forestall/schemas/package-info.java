/**
 * The contract: Avro records of every topic, the topic catalogue, golden bytes. Knows only Avro.
 */
@NullMarked
package io.forestall.schemas;

import org.jspecify.annotations.NullMarked;
