package io.forestall.nodes.nbd;

/** Why a device could not do what was asked, in the words of the protocol. */
public final class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Code code;

  /** What the other side is told. The constants are those of the protocol. */
  public enum Code {
    /** Input or output failed. */
    EIO(5),
    /** The request is wrong. */
    EINVAL(22),
    /** Past the end, or no space. */
    ENOSPC(28),
    /** Not supported. */
    ENOTSUP(95),
    /** The device goes away. */
    ESHUTDOWN(108);

    private final int number;

    Code(int number) {
      this.number = number;
    }

    int number() {
      return number;
    }
  }

  /** With a sentence for the log. */
  public DeviceException(Code code, String message) {
    super(message, null, false, false);
    this.code = code;
  }

  /** What the other side is told. */
  public Code code() {
    return code;
  }
}
