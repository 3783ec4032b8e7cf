package io.forestall.risk;

import java.io.IOException;

/** The bytes are no model that this version can use; the message says what is wrong with them. */
public final class ModelFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  public ModelFormatException(String message) {
    super(message);
  }
}
