package io.forestall.wire;

import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityRef;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes dead letters for one component. Every length is bounded, whatever the input was.
 * Thread-safe.
 */
public final class DeadLetters {

  /** Most bytes of the refused record that a letter keeps. */
  public static final int MAX_PAYLOAD_BYTES = 4096;

  /** Longest sentence in a letter, characters. */
  public static final int MAX_DETAIL_LENGTH = 1024;

  private final String component;

  /** Letters of a component, such as {@code sense} or {@code ingest}. */
  public DeadLetters(String component) {
    this.component = component;
  }

  /** A letter for a whole record of a topic. {@code samples} is how many are lost with it. */
  public DeadLetter record(
      String topic,
      int partition,
      long offset,
      long timeMillis,
      DeadReason reason,
      String detail,
      byte[] payload,
      int samples) {
    return letter(topic, partition, offset, -1, samples, timeMillis, reason, detail, null, payload);
  }

  /** A letter for one sample of a frame of a topic. */
  public DeadLetter sample(
      String topic,
      int partition,
      long offset,
      int index,
      long timeMillis,
      DeadReason reason,
      String detail,
      @Nullable EntityRef entity,
      byte[] payload) {
    return letter(topic, partition, offset, index, 1, timeMillis, reason, detail, entity, payload);
  }

  /** A letter for one line of a file, lines counted from 1. */
  public DeadLetter line(
      String file,
      long line,
      long timeMillis,
      DeadReason reason,
      String detail,
      @Nullable EntityRef entity,
      byte[] payload) {
    return letter(file, -1, line, -1, 1, timeMillis, reason, detail, entity, payload);
  }

  private DeadLetter letter(
      String origin,
      int partition,
      long offset,
      int index,
      int samples,
      long timeMillis,
      DeadReason reason,
      String detail,
      @Nullable EntityRef entity,
      byte[] payload) {
    DeadLetter letter = new DeadLetter();
    letter.setOrigin(cut(origin, MAX_DETAIL_LENGTH));
    letter.setPartition(partition);
    letter.setOffset(offset);
    letter.setIndex(index);
    letter.setSamples(samples);
    letter.setTimeMillis(timeMillis);
    letter.setReason(reason);
    letter.setDetail(cut(detail, MAX_DETAIL_LENGTH));
    if (entity != null && entity.getId().length() <= FrameLimits.MAX_ID_LENGTH) {
      letter.setEntity(entity);
    }
    letter.setPayload(
        ByteBuffer.wrap(
            payload.length > MAX_PAYLOAD_BYTES
                ? Arrays.copyOf(payload, MAX_PAYLOAD_BYTES)
                : payload));
    letter.setComponent(component);
    return letter;
  }

  private static String cut(String text, int length) {
    return text.length() <= length ? text : text.substring(0, length);
  }
}
