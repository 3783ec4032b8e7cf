/**
 * The contract: Avro records of every topic, the topic catalogue, golden bytes. Knows only Avro.
 *
 * <p>Not null-marked as a whole, because the generated records take null where a schema says so and
 * cannot be annotated; what is written by hand here is marked class by class.
 */
package io.forestall.schemas;
