package io.forestall.app.ingest;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Fetches pages of exporters: without waiting threads, bounded in time and size, packed or not,
 * over TLS and with credentials where told. Redirects are not followed. Safe for threads.
 */
final class PageFetcher {

  /**
   * How to fetch.
   *
   * @param timeoutMillis longest time of one page from begin to end; milliseconds
   * @param maxPageBytes longest page, unpacked; bytes
   * @param certificates certificates to trust instead of the usual ones, PEM; null for the usual
   * @param clientCertificate our certificate, PEM; null for none
   * @param clientKey its key, PEM in PKCS8; null for none
   * @param basicAuth file with {@code user:password}, null for none
   * @param bearerToken file with a token, null for none
   */
  record Options(
      long timeoutMillis,
      int maxPageBytes,
      @Nullable Path certificates,
      @Nullable Path clientCertificate,
      @Nullable Path clientKey,
      @Nullable Path basicAuth,
      @Nullable Path bearerToken) {

    static Options plain(long timeoutMillis, int maxPageBytes) {
      return new Options(timeoutMillis, maxPageBytes, null, null, null, null, null);
    }
  }

  /** A target gave no page; the message says why in a few words. */
  static final class Failed extends IOException {
    private static final long serialVersionUID = 1L;

    Failed(String message) {
      super(message);
    }
  }

  private final HttpClient client;
  private final Options options;
  private final @Nullable String authorization;

  /**
   * @param executor runs what comes back
   * @throws CommandFailure when a file of the options cannot be used
   */
  PageFetcher(Options options, Executor executor) {
    this.options = options;
    this.authorization = authorization(options);
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .executor(executor)
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(Duration.ofMillis(options.timeoutMillis()));
    if (options.certificates() != null || options.clientCertificate() != null) {
      builder.sslContext(tls(options));
    }
    this.client = builder.build();
  }

  /** Fetches a page; the result is its unpacked bytes, or fails with {@link Failed}. */
  CompletableFuture<InputStream> fetch(URI uri) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .header(
                "Accept",
                "text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.5,"
                    + "*/*;q=0.1")
            .header("Accept-Encoding", "gzip")
            .header("User-Agent", "forestall-ingest")
            .header(
                "X-Prometheus-Scrape-Timeout-Seconds",
                Double.toString(options.timeoutMillis() / 1000.0));
    if (authorization != null) {
      request.header("Authorization", authorization);
    }
    CompletableFuture<HttpResponse<byte[]>> sent =
        client.sendAsync(request.build(), info -> new BoundedBody(options.maxPageBytes()));
    CompletableFuture<InputStream> page = new CompletableFuture<>();
    var unused =
        sent.copy()
            .orTimeout(options.timeoutMillis(), TimeUnit.MILLISECONDS)
            .whenComplete(
                (response, failure) -> {
                  if (failure != null) {
                    // The exchange itself must end too, or a slow target would keep its connection.
                    var ended = sent.cancel(true);
                    page.completeExceptionally(failure);
                    return;
                  }
                  try {
                    page.complete(unpacked(response));
                  } catch (IOException e) {
                    page.completeExceptionally(e);
                  }
                });
    return page;
  }

  private InputStream unpacked(HttpResponse<byte[]> response) throws IOException {
    if (response.statusCode() != 200) {
      throw new Failed("answers with status " + response.statusCode());
    }
    InputStream in = new ByteArrayInputStream(response.body());
    String encoding = response.headers().firstValue("Content-Encoding").orElse("identity");
    if (encoding.equalsIgnoreCase("gzip")) {
      return new BoundedStream(new GZIPInputStream(in, 1 << 15), options.maxPageBytes());
    }
    if (!encoding.equalsIgnoreCase("identity")) {
      throw new Failed("answers in the encoding " + encoding + ", which was not asked for");
    }
    return in;
  }

  private static @Nullable String authorization(Options options) {
    if (options.basicAuth() != null && options.bearerToken() != null) {
      throw CommandFailure.usage("--basic-auth-file and --bearer-token-file exclude each other");
    }
    try {
      if (options.basicAuth() != null) {
        String pair = Files.readString(options.basicAuth(), StandardCharsets.UTF_8).strip();
        if (pair.indexOf(':') <= 0) {
          throw CommandFailure.usage("--basic-auth-file holds one line, user:password");
        }
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
      }
      if (options.bearerToken() != null) {
        String token = Files.readString(options.bearerToken(), StandardCharsets.UTF_8).strip();
        if (token.isEmpty() || token.chars().anyMatch(c -> c <= ' ' || c > '~')) {
          throw CommandFailure.usage("--bearer-token-file holds one line, the token");
        }
        return "Bearer " + token;
      }
      return null;
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.USAGE, "cannot read the file with the credentials: " + e, e);
    }
  }

  private static SSLContext tls(Options options) {
    try {
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      if (options.certificates() == null) {
        trust.init((KeyStore) null);
      } else {
        KeyStore trusted = emptyStore();
        int number = 0;
        for (Certificate certificate : certificates(options.certificates())) {
          trusted.setCertificateEntry("ca-" + number++, certificate);
        }
        trust.init(trusted);
      }
      KeyManagerFactory keys = null;
      if (options.clientCertificate() != null) {
        if (options.clientKey() == null) {
          throw CommandFailure.usage("--tls-cert needs --tls-key");
        }
        KeyStore own = emptyStore();
        own.setKeyEntry(
            "own",
            key(options.clientKey()),
            new char[0],
            certificates(options.clientCertificate()).toArray(new Certificate[0]));
        keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, new char[0]);
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys == null ? null : keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "the files of --tls-ca, --tls-cert or --tls-key cannot be used: " + e.getMessage(),
          e);
    }
  }

  private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    return store;
  }

  private static Collection<? extends Certificate> certificates(Path pem)
      throws IOException, GeneralSecurityException {
    try (InputStream in = Files.newInputStream(pem)) {
      Collection<? extends Certificate> read =
          CertificateFactory.getInstance("X.509").generateCertificates(in);
      if (read.isEmpty()) {
        throw new IOException(pem + " holds no certificate");
      }
      return read;
    }
  }

  private static PrivateKey key(Path pem) throws IOException, GeneralSecurityException {
    String text = Files.readString(pem, StandardCharsets.US_ASCII);
    int from = text.indexOf("-----BEGIN PRIVATE KEY-----");
    int to = text.indexOf("-----END PRIVATE KEY-----");
    if (from < 0 || to < from) {
      throw new IOException(pem + " holds no key in PKCS8 (BEGIN PRIVATE KEY)");
    }
    byte[] bytes = Base64.getMimeDecoder().decode(text.substring(from + 27, to));
    GeneralSecurityException failure = null;
    for (String algorithm : List.of("RSA", "EC", "Ed25519")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(bytes));
      } catch (GeneralSecurityException e) {
        // Another kind of key; the next one may fit.
        failure = e;
      }
    }
    throw new IOException(pem + " holds a key that is neither RSA nor EC nor Ed25519", failure);
  }

  /** Keeps a body in memory up to a bound and ends the exchange beyond it. */
  private static final class BoundedBody implements HttpResponse.BodySubscriber<byte[]> {
    private final int maxBytes;
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 14);
    private Flow.@Nullable Subscription subscription;

    BoundedBody(int maxBytes) {
      this.maxBytes = maxBytes;
    }

    @Override
    public CompletionStage<byte[]> getBody() {
      return body;
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
      subscription = given;
      given.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
      for (ByteBuffer buffer : buffers) {
        if (body.isDone()) {
          return;
        }
        if (bytes.size() + buffer.remaining() > maxBytes) {
          if (subscription != null) {
            subscription.cancel();
          }
          body.completeExceptionally(new Failed("has more than " + maxBytes + " bytes"));
          return;
        }
        byte[] part = new byte[buffer.remaining()];
        buffer.get(part);
        bytes.write(part, 0, part.length);
      }
    }

    @Override
    public void onError(Throwable failure) {
      body.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
      body.complete(bytes.toByteArray());
    }
  }

  /** Ends a stream that unpacks to too much. */
  private static final class BoundedStream extends FilterInputStream {
    private final int maxBytes;
    private long left;

    BoundedStream(InputStream in, int maxBytes) {
      super(in);
      this.maxBytes = maxBytes;
      this.left = maxBytes;
    }

    @Override
    public int read() throws IOException {
      int read = super.read();
      spend(read < 0 ? 0 : 1);
      return read;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int read = super.read(into, offset, length);
      spend(Math.max(0, read));
      return read;
    }

    private void spend(int count) throws IOException {
      left -= count;
      if (left < 0) {
        throw new Failed("has more than " + maxBytes + " bytes");
      }
    }
  }
}
