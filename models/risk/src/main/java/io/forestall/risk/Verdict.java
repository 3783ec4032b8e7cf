package io.forestall.risk;

/** Whether a sample may be scored, by its time. */
public enum Verdict {
  /** Newer than all before it. */
  ACCEPT,
  /** Same time as the last one scored. */
  DUPLICATE,
  /** Older than the last one scored. */
  LATE
}
