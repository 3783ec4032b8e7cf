package io.forestall.wire.sources;

import java.util.List;

/** A mapping file is wrong; the message has one line for each mistake: file, line, column, what. */
public final class MappingException extends Exception {
  private static final long serialVersionUID = 1L;

  /** With one sentence for each mistake. */
  public MappingException(List<String> mistakes) {
    super(String.join("\n", mistakes));
  }
}
