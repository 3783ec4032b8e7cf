package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.wire.Signatures.KeyFileException;
import io.forestall.wire.Signatures.Signer;
import io.forestall.wire.Signatures.Trusted;
import io.forestall.wire.Signatures.Verdict;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SignaturesTest {

  private static final byte[] MESSAGE = "one act, whole".getBytes(StandardCharsets.UTF_8);

  private Path folder = Path.of("");
  private Path privateFile = Path.of("");
  private Signer signer = TestingKeys.signer();

  @BeforeEach
  void keys(@TempDir Path given) throws IOException {
    folder = given;
    privateFile = folder.resolve("guard.key");
    signer = Signatures.generate(privateFile, folder.resolve("guard.pub"));
  }

  @Test
  void whatASignerSignsItsPublicKeyBelieves() throws IOException {
    Trusted trusted = Trusted.read(folder.resolve("guard.pub"));
    byte[] signature = signer.sign(MESSAGE);

    assertThat(signature).hasSize(Signatures.SIGNATURE_BYTES);
    assertThat(trusted.keyIds()).containsExactly(signer.keyId());
    assertThat(trusted.verify(signer.keyId(), MESSAGE, signature)).isEqualTo(Verdict.VALID);
    assertThat(Signer.read(privateFile).sign(MESSAGE)).isEqualTo(signature);
  }

  static Stream<Integer> everyByte() {
    return Stream.iterate(0, i -> i < MESSAGE.length + Signatures.SIGNATURE_BYTES, i -> i + 1);
  }

  @ParameterizedTest
  @MethodSource("everyByte")
  void aChangedByteOfMessageOrSignatureIsWrong(int at) {
    byte[] message = MESSAGE.clone();
    byte[] signature = signer.sign(MESSAGE);
    if (at < message.length) {
      message[at] ^= 1;
    } else {
      signature[at - message.length] ^= 1;
    }

    assertThat(signer.trusted().verify(signer.keyId(), message, signature))
        .isEqualTo(Verdict.WRONG);
  }

  @Test
  void whatWasFoundValidIsNotCheckedAgainAndNothingElseIsBelievedForIt() {
    Trusted trusted = signer.trusted();
    byte[] signature = signer.sign(MESSAGE);

    assertThat(trusted.verify(signer.keyId(), MESSAGE, signature)).isEqualTo(Verdict.VALID);
    assertThat(trusted.remembered()).isEqualTo(1);
    assertThat(trusted.verify(signer.keyId(), MESSAGE.clone(), signature.clone()))
        .isEqualTo(Verdict.VALID);
    assertThat(trusted.remembered()).as("the same bytes are the same").isEqualTo(1);

    byte[] changed = MESSAGE.clone();
    changed[0] ^= 1;
    byte[] forged = signature.clone();
    forged[0] ^= 1;
    assertThat(trusted.verify(signer.keyId(), changed, signature)).isEqualTo(Verdict.WRONG);
    assertThat(trusted.verify(signer.keyId(), MESSAGE, forged)).isEqualTo(Verdict.WRONG);
    assertThat(trusted.verify("other", MESSAGE, signature)).isEqualTo(Verdict.UNKNOWN_KEY);
    assertThat(trusted.remembered()).as("what is wrong is not remembered").isEqualTo(1);
    assertThat(TestingKeys.signer().trusted().verify(signer.keyId(), MESSAGE, signature))
        .as("a ring of keys believes nothing that another one found")
        .isEqualTo(Verdict.UNKNOWN_KEY);
  }

  @Test
  void onlySoMuchIsRemembered() {
    Trusted trusted = signer.trusted();
    for (int i = 0; i <= Signatures.MAX_REMEMBERED; i++) {
      byte[] message = ("act " + i).getBytes(StandardCharsets.UTF_8);
      assertThat(trusted.verify(signer.keyId(), message, signer.sign(message)))
          .isEqualTo(Verdict.VALID);
    }
    assertThat(trusted.remembered()).isEqualTo(Signatures.MAX_REMEMBERED);
  }

  @Test
  void everyOtherWrongIsTold() throws IOException {
    byte[] signature = signer.sign(MESSAGE);
    Signer other = Signatures.generate(folder.resolve("b.key"), folder.resolve("b.pub"));
    Trusted both = Trusted.read(folder);

    assertThat(both.keyIds()).containsExactlyInAnyOrder(signer.keyId(), other.keyId());
    assertThat(both.verify(other.keyId(), MESSAGE, signature)).isEqualTo(Verdict.WRONG);
    assertThat(other.trusted().verify(signer.keyId(), MESSAGE, signature))
        .isEqualTo(Verdict.UNKNOWN_KEY);
    assertThat(Trusted.NONE.verify(signer.keyId(), MESSAGE, signature))
        .isEqualTo(Verdict.UNKNOWN_KEY);
    assertThat(both.verify(signer.keyId(), MESSAGE, new byte[0])).isEqualTo(Verdict.UNSIGNED);
    assertThat(both.verify("", MESSAGE, signature)).isEqualTo(Verdict.UNSIGNED);
    assertThat(both.verify(signer.keyId(), MESSAGE, new byte[63])).isEqualTo(Verdict.WRONG);
    byte[] outOfRange = signature.clone();
    outOfRange[63] = (byte) 0xff;
    assertThat(both.verify(signer.keyId(), MESSAGE, outOfRange)).isEqualTo(Verdict.WRONG);
  }

  @Test
  void aKeyIsRotatedWithoutAMomentOfDisbelief() throws IOException {
    Path trustFolder = Files.createDirectory(folder.resolve("trusted"));
    Files.copy(folder.resolve("guard.pub"), trustFolder.resolve("guard-1.pub"));
    byte[] before = signer.sign(MESSAGE);
    Signer next =
        Signatures.generate(folder.resolve("next.key"), trustFolder.resolve("guard-2.pub"));

    Trusted both = Trusted.read(trustFolder);
    assertThat(both.verify(signer.keyId(), MESSAGE, before)).isEqualTo(Verdict.VALID);
    assertThat(both.verify(next.keyId(), MESSAGE, next.sign(MESSAGE))).isEqualTo(Verdict.VALID);

    Files.delete(trustFolder.resolve("guard-1.pub"));
    Trusted after = Trusted.read(trustFolder);
    assertThat(after.verify(signer.keyId(), MESSAGE, before)).isEqualTo(Verdict.UNKNOWN_KEY);
    assertThat(after.verify(next.keyId(), MESSAGE, next.sign(MESSAGE))).isEqualTo(Verdict.VALID);
  }

  @Test
  void severalPublicKeysMayShareAFile() throws IOException {
    Signer other = Signatures.generate(folder.resolve("b.key"), folder.resolve("b.pub"));
    Path one = Files.writeString(folder.resolve("all.txt"), signer.publicPem() + other.publicPem());

    assertThat(Trusted.read(one).keyIds()).containsExactlyInAnyOrder(signer.keyId(), other.keyId());
  }

  @Test
  void theTestVectorOfTheStandardComesOutAndTheIdentifierNeverChanges() throws IOException {
    // RFC 8032, section 7.1, test 3: a key that holds no public part, as openssl writes it.
    Signer known = TestingKeys.signer();

    assertThat(HexFormat.of().formatHex(known.sign(new byte[] {(byte) 0xaf, (byte) 0x82})))
        .isEqualTo(
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
    assertThat(known.keyId()).isEqualTo(TestingKeys.KEY_ID);
  }

  @Test
  void thePrivateKeyIsReadableByItsOwnerOnlyAndNeverPrinted() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(privateFile)))
        .isEqualTo("rw-------");
    assertThat(signer).hasToString("Signer(" + signer.keyId() + ")");
    assertThat(signer.publicPem()).contains("PUBLIC KEY").doesNotContain("PRIVATE");
  }

  @ParameterizedTest
  @CsvSource({"rw----r--,false", "rw-----w-,false", "rw--w----,false", "r--r-----,true"})
  void aPrivateKeyOpenToOthersIsRefused(String permissions, boolean allowed) throws IOException {
    Files.setPosixFilePermissions(privateFile, PosixFilePermissions.fromString(permissions));

    if (allowed) {
      assertThat(Signer.read(privateFile).keyId()).isEqualTo(signer.keyId());
    } else {
      assertThatThrownBy(() -> Signer.read(privateFile))
          .isInstanceOf(KeyFileException.class)
          .hasMessageContaining("is open to others (" + permissions + "): chmod 600 it");
    }
  }

  @Test
  void filesAreNeverOverwritten() {
    assertThatThrownBy(() -> Signatures.generate(privateFile, folder.resolve("new.pub")))
        .hasMessage(
            "the key file "
                + privateFile
                + " exists and is never overwritten: choose another name");
    assertThat(folder.resolve("new.pub")).doesNotExist();
    assertThatThrownBy(
            () -> Signatures.generate(folder.resolve("new.key"), folder.resolve("guard.pub")))
        .hasMessageContaining("guard.pub exists");
    assertThat(folder.resolve("new.key")).doesNotExist();
  }

  @Test
  void missingFilesSaySo() {
    Path nowhere = folder.resolve("nowhere.pem");

    assertThatThrownBy(() -> Signer.read(nowhere))
        .hasMessage("there is no key file " + nowhere + ": make one with forestall keys generate");
    assertThatThrownBy(() -> Trusted.read(nowhere)).hasMessageContaining("there is no key file");
    assertThatThrownBy(() -> Signatures.generate(nowhere.resolve("a.key"), folder.resolve("a.pub")))
        .hasMessageContaining("cannot write the key file");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a password",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n=\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n-----END OPENSSH PRIVATE KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
      })
  void whatIsNoKeyIsRefusedInOneLine(String text) throws IOException {
    Path file = folder.resolve("bad.pem");
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));

    assertThatThrownBy(() -> Signer.read(file))
        .isInstanceOf(KeyFileException.class)
        .hasMessageStartingWith("the key file " + file)
        .hasMessageContaining("as forestall keys generate writes it")
        .message()
        .doesNotContain("\n");
    assertThatThrownBy(() -> Trusted.read(file)).isInstanceOf(KeyFileException.class);
  }

  @Test
  void keysOfAnotherKindAndPairsThatAreNoneAreRefused() throws Exception {
    Path file = folder.resolve("bad.pem");
    String agreement =
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getEncoder()
                .encodeToString(
                    KeyPairGenerator.getInstance("X25519")
                        .generateKeyPair()
                        .getPrivate()
                        .getEncoded())
            + "\n-----END PRIVATE KEY-----\n";
    Files.writeString(file, agreement);
    assertThatThrownBy(() -> Signer.read(file)).hasMessageContaining("is no Ed25519 key");

    String mine = Files.readString(privateFile);
    Files.writeString(
        file,
        mine.substring(0, mine.indexOf("-----BEGIN PUBLIC")) + TestingKeys.signer().publicPem());
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    assertThatThrownBy(() -> Signer.read(file)).hasMessageContaining("that are no pair");
  }

  @Test
  void trustedKeysHoldNothingPrivateAndAreNotEveryonesToWrite() throws IOException {
    assertThatThrownBy(() -> Trusted.read(privateFile)).hasMessageContaining("holds a private key");
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertThatThrownBy(() -> Trusted.read(empty)).hasMessageContaining("no public key is in");
    Path open = folder.resolve("guard.pub");
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-rw-rw-"));
    assertThatThrownBy(() -> Trusted.read(open)).hasMessageContaining("everyone can write");
  }
}
