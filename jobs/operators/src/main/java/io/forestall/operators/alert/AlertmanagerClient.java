package io.forestall.operators.alert;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Posts alerts to every member of an Alertmanager cluster; TLS is the JDK's. For one thread.
 *
 * <p>The old client of the JDK, on purpose: it has no threads of its own that outlive the job.
 */
final class AlertmanagerClient {

  private static final String PATH = "/api/v2/alerts";
  private static final int PATIENCE_MILLIS = 5_000;
  private static final int MAX_ANSWER_BYTES = 512;
  private static final int MAX_TOKEN_BYTES = 8192;

  private final List<String> addresses;
  private final String tokenFile;

  AlertmanagerClient(List<String> addresses, String tokenFile) {
    this.addresses = addresses;
    this.tokenFile = tokenFile;
  }

  /** How a post ended. */
  sealed interface Outcome {
    /** At least one member has it. */
    record Taken() implements Outcome {}

    /** Nobody will ever take it: the alerts themselves are refused. */
    record Refused(String sentence) implements Outcome {}

    /** Nobody could take it now. */
    record Unreachable(String sentence) implements Outcome {}
  }

  /**
   * Posts.
   *
   * @param body JSON, UTF-8
   */
  Outcome post(byte[] body) {
    boolean taken = false;
    String refused = null;
    String unreachable = "no address";
    for (String address : addresses) {
      try {
        int code = post(address, body);
        if (code / 100 == 2) {
          taken = true;
        } else if (code == 400 || code == 413 || code == 422) {
          refused = address + " answers " + code;
        } else {
          unreachable = address + " answers " + code;
        }
      } catch (IOException | RuntimeException e) {
        unreachable = address + ": " + sentence(e);
      }
    }
    if (taken) {
      return new Outcome.Taken();
    }
    return refused != null ? new Outcome.Refused(refused) : new Outcome.Unreachable(unreachable);
  }

  private int post(String address, byte[] body) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection) URI.create(address + PATH).toURL().openConnection();
    try {
      connection.setConnectTimeout(PATIENCE_MILLIS);
      connection.setReadTimeout(PATIENCE_MILLIS);
      connection.setInstanceFollowRedirects(false);
      connection.setUseCaches(false);
      connection.setRequestMethod("POST");
      connection.setDoOutput(true);
      connection.setFixedLengthStreamingMode(body.length);
      connection.setRequestProperty("Content-Type", "application/json");
      if (!tokenFile.isEmpty()) {
        connection.setRequestProperty("Authorization", "Bearer " + token());
      }
      try (OutputStream out = connection.getOutputStream()) {
        out.write(body);
      }
      int code = connection.getResponseCode();
      // Read to its end, so that the connection can be used again.
      InputStream answer = code >= 400 ? connection.getErrorStream() : connection.getInputStream();
      if (answer != null) {
        try (answer) {
          answer.readNBytes(MAX_ANSWER_BYTES);
        }
      }
      return code;
    } finally {
      connection.disconnect();
    }
  }

  private String token() throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(Path.of(tokenFile))) {
      bytes = in.readNBytes(MAX_TOKEN_BYTES);
    }
    return new String(bytes, StandardCharsets.UTF_8).strip();
  }

  private static String sentence(Exception e) {
    String message = e.getMessage();
    return e.getClass().getSimpleName().toLowerCase(Locale.ROOT).replace("exception", "")
        + (message == null ? "" : ", " + message);
  }
}
