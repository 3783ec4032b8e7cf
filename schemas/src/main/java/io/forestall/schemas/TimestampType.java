package io.forestall.schemas;

import org.jspecify.annotations.NullMarked;

/** Whose clock stamps the records of a topic. */
@NullMarked
public enum TimestampType {
  /** The producer's, or whatever it puts there. */
  CREATE_TIME("CreateTime"),
  /** The broker's, so that retention counts from when a record was written, also in a replay. */
  LOG_APPEND_TIME("LogAppendTime");

  private final String setting;

  TimestampType(String setting) {
    this.setting = setting;
  }

  /** The value of Kafka's {@code message.timestamp.type}. */
  public String setting() {
    return setting;
  }

  /**
   * The type of a {@code message.timestamp.type}.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static TimestampType ofSetting(String setting) {
    for (TimestampType type : values()) {
      if (type.setting.equals(setting)) {
        return type;
      }
    }
    throw new IllegalArgumentException(
        "timestamp '" + setting + "' is unknown: use LogAppendTime or CreateTime");
  }
}
