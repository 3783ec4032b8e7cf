package io.forestall.nodes.client;

/** What a client's writes are compressed by. */
public enum Compression {
  /** By what pays on the data seen, for each unit by itself: {@link CodecChoice}. */
  AUTO,
  /** Nothing. */
  NONE,
  /** Always LZ4, where it saves an eighth. */
  LZ4,
  /** Always Zstandard, where it saves an eighth. */
  ZSTD
}
