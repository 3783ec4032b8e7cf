package io.forestall.operators.train;

import java.io.Serializable;

/**
 * The model that is champion as long as no other is published. Immutable by convention.
 *
 * @param id of its family
 * @param version within the family
 * @param bytes the model file
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of bytes, never compared
public record ShippedModel(String id, int version, byte[] bytes) implements Serializable {}
