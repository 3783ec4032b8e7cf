package io.forestall.app.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.wire.Signatures;
import io.forestall.wire.Signatures.Trusted;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A rotation of keys as a running node sees it. */
class TrustedKeysTest {
  private final List<Trusted> changed = new ArrayList<>();
  private final StringWriter said = new StringWriter();

  private void look(TrustedKeys keys) {
    keys.look(changed::add, "n-1", new PrintWriter(said, true));
  }

  @Test
  void aRotationIsSeenAndHalfOfOneChangesNothing(@TempDir Path folder) throws Exception {
    Path trusted = Files.createDirectories(folder.resolve("trusted"));
    Signatures.Signer first =
        Signatures.generate(folder.resolve("first.key"), trusted.resolve("first.pub"));
    TrustedKeys keys = TrustedKeys.read(trusted);
    assertThat(keys.first().keyIds()).containsExactly(first.keyId());
    look(keys);
    assertThat(changed).isEmpty();

    Path half = trusted.resolve("second.pub");
    Files.writeString(half, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    look(keys);
    look(keys);
    assertThat(changed).isEmpty();
    assertThat(said.toString().lines())
        .singleElement()
        .asString()
        .startsWith("the trusted keys stay as they were: ")
        .contains("second.pub");

    Files.delete(half);
    Signatures.Signer second = Signatures.generate(folder.resolve("second.key"), half);
    look(keys);
    look(keys);
    assertThat(changed).hasSize(1);
    assertThat(changed.get(0).keyIds()).containsExactlyInAnyOrder(first.keyId(), second.keyId());
    assertThat(said.toString()).contains("node n-1 trusts the keys ").contains(second.keyId());

    Files.delete(trusted.resolve("first.pub"));
    look(keys);
    assertThat(changed.get(1).keyIds()).containsExactly(second.keyId());
  }

  @Test
  void nobodyIsTrustedWithoutAFileAndAFileMustBeThere(@TempDir Path folder) {
    TrustedKeys nobody = TrustedKeys.read(null);
    assertThat(nobody.first().isEmpty()).isTrue();
    look(nobody);
    assertThat(changed).isEmpty();
    assertThatThrownBy(() -> TrustedKeys.read(folder.resolve("none")))
        .isInstanceOfSatisfying(
            CommandFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCodes.USAGE));
  }
}
