package io.forestall.nodes.transport;

import java.io.IOException;

/** What came over a connection is no frame of this protocol, or was damaged on its way. */
final class FrameException extends IOException {
  private static final long serialVersionUID = 1L;

  FrameException(String message) {
    super(message);
  }
}
