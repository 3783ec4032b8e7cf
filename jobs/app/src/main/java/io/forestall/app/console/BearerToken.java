package io.forestall.app.console;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The secret that a request must bear to change something. It is never printed, logged or sent;
 * only its digest is kept. Immutable.
 */
public final class BearerToken {
  /** Fewer characters could be guessed. */
  static final int MIN_CHARS = 24;

  private static final int MAX_FILE_BYTES = 4096;
  private static final String SCHEME = "Bearer ";

  private final byte[] digest;

  private BearerToken(byte[] digest) {
    this.digest = digest;
  }

  /**
   * Reads a token from a file: its text without the blanks around it.
   *
   * @throws CommandFailure when the file cannot be read, or its token is too short or has blanks
   */
  public static BearerToken read(Path file) {
    String text;
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw CommandFailure.usage(
            "--token-file " + file + " has more than " + MAX_FILE_BYTES + " bytes: is it a token?");
      }
      text = Files.readString(file, StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "cannot read --token-file " + file + " (" + e.getClass().getSimpleName() + ")",
          e);
    }
    if (text.length() < MIN_CHARS || text.chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw CommandFailure.usage(
          "--token-file "
              + file
              + " must hold one word of at least "
              + MIN_CHARS
              + " printable characters, such as openssl rand -hex 32 makes");
    }
    return new BearerToken(digest(text));
  }

  /**
   * Whether an Authorization header bears this token; takes as long for a wrong one as for the
   * right one.
   */
  boolean allows(String authorization) {
    if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return false;
    }
    return MessageDigest.isEqual(digest, digest(authorization.substring(SCHEME.length()).strip()));
  }

  private static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public String toString() {
    return "BearerToken(hidden)";
  }
}
