package io.forestall.app.console;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The secrets of which a request must bear one to change something, with whose they are and until
 * when they hold. They are never printed, logged or sent; only their digests are kept. Immutable.
 *
 * <p>One line each: {@code TOKEN [author=NAME] [expires=TIME]}; empty lines and those that begin
 * with a number sign are left out. The file of one word that earlier versions read still holds.
 */
public final class BearerTokens {
  /** Fewer characters could be guessed. */
  static final int MIN_CHARS = 24;

  /** Who speaks with a token that names nobody. */
  static final String NOBODY = "console";

  private static final int MAX_FILE_BYTES = 64 * 1024;
  private static final int MAX_TOKENS = 1000;
  private static final int MAX_AUTHOR_CHARS = 128;
  private static final String SCHEME = "Bearer ";
  private static final String AUTHOR = "author=";
  private static final String EXPIRES = "expires=";

  /**
   * Whose a token is.
   *
   * @param author name of the operator
   * @param expiresMillis it holds until then, null for ever; milliseconds since 1970-01-01 UTC
   */
  record Holder(String author, @Nullable Long expiresMillis) {
    /** True when it holds no more; milliseconds since 1970-01-01 UTC. */
    boolean expiredAt(long nowMillis) {
      return expiresMillis != null && nowMillis >= expiresMillis;
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // compared byte by byte in constant time
  private record Known(byte[] digest, Holder holder) {}

  private final List<Known> all;

  private BearerTokens(List<Known> all) {
    this.all = List.copyOf(all);
  }

  /**
   * Reads the tokens of a file.
   *
   * @throws CommandFailure when the file cannot be read, or a token is too short or given twice
   */
  public static BearerTokens read(Path file) {
    String text;
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw CommandFailure.usage(
            "--token-file "
                + file
                + " has more than "
                + MAX_FILE_BYTES
                + " bytes: does it hold tokens?");
      }
      text = Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "cannot read --token-file " + file + " (" + e.getClass().getSimpleName() + ")",
          e);
    }
    List<Known> all = new ArrayList<>();
    int number = 0;
    for (String line : text.split("\\R", -1)) {
      number++;
      if (line.isBlank() || line.strip().startsWith("#")) {
        continue;
      }
      Known known = known(line.strip(), "--token-file " + file + " line " + number);
      if (all.stream().anyMatch(one -> MessageDigest.isEqual(one.digest, known.digest))) {
        throw CommandFailure.usage(
            "--token-file " + file + " line " + number + " repeats a token: each is one person's");
      }
      all.add(known);
    }
    if (all.isEmpty() || all.size() > MAX_TOKENS) {
      throw CommandFailure.usage(
          "--token-file "
              + file
              + " must hold 1 to "
              + MAX_TOKENS
              + " tokens of at least "
              + MIN_CHARS
              + " printable characters, such as openssl rand -hex 32 makes");
    }
    return new BearerTokens(all);
  }

  private static Known known(String line, String where) {
    String[] words = line.split("\\s+", -1);
    if (words[0].length() < MIN_CHARS || words[0].chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw CommandFailure.usage(
          where
              + " must begin with a token of at least "
              + MIN_CHARS
              + " printable characters, such as openssl rand -hex 32 makes");
    }
    String author = null;
    Long expires = null;
    for (int i = 1; i < words.length; i++) {
      if (words[i].startsWith(AUTHOR) && author == null) {
        author = words[i].substring(AUTHOR.length());
      } else if (words[i].startsWith(EXPIRES) && expires == null) {
        expires = time(words[i].substring(EXPIRES.length()), where);
      } else {
        // The word is not shown: it may be a part of a secret.
        throw CommandFailure.usage(
            where + " has a word " + (i + 1) + " that is neither author=NAME nor expires=TIME");
      }
    }
    if (author != null
        && (author.isEmpty()
            || author.length() > MAX_AUTHOR_CHARS
            || author.chars().anyMatch(Character::isISOControl))) {
      throw CommandFailure.usage(
          where + " needs an author of 1 to " + MAX_AUTHOR_CHARS + " characters");
    }
    return new Known(digest(words[0]), new Holder(author == null ? NOBODY : author, expires));
  }

  private static long time(String text, String where) {
    try {
      return text.length() == 10
          ? LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC).toEpochMilli()
          : OffsetDateTime.parse(text).toInstant().toEpochMilli();
    } catch (DateTimeException | ArithmeticException e) {
      throw CommandFailure.usage(
          where + " expires at no time: write expires=2027-01-31T00:00:00Z or expires=2027-01-31");
    }
  }

  /**
   * Whose token an Authorization header bears, also when it has expired; null when it is none. A
   * wrong one takes as long as a right one.
   */
  @Nullable Holder holder(String authorization) {
    if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return null;
    }
    byte[] given = digest(authorization.substring(SCHEME.length()).strip());
    Holder holder = null;
    for (Known known : all) {
      // All are compared, so that the time tells nothing of the order.
      if (MessageDigest.isEqual(known.digest, given)) {
        holder = known.holder;
      }
    }
    return holder;
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
    return "BearerTokens(" + all.size() + ", hidden)";
  }
}
