package io.forestall.wire;

import io.forestall.wire.Signatures.Signer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HexFormat;

/** A key that everybody knows: that of RFC 8032, section 7.1, test 3. */
final class TestingKeys {

  /** Identifier of the key. */
  static final String KEY_ID = "8d39ba50abe50f77";

  private static final String SEED =
      "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
  private static final String PKCS8_HEAD = "302e020100300506032b657004220420";

  private TestingKeys() {}

  static Signer signer() {
    try {
      Path file = Files.createTempFile("forestall-test", ".key");
      try {
        Files.writeString(
            file,
            "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getEncoder().encodeToString(HexFormat.of().parseHex(PKCS8_HEAD + SEED))
                + "\n-----END PRIVATE KEY-----\n");
        return Signer.read(file);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
