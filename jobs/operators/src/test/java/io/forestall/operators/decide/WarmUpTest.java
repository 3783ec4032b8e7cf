package io.forestall.operators.decide;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.wire.Signatures;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WarmUpTest {

  @Test
  void eachRoundIsAWholeFailover(@TempDir Path folder) throws Exception {
    Signatures.Signer signer =
        Signatures.generate(folder.resolve("guard.key"), folder.resolve("guard.pub"));
    WarmUp signed = new WarmUp(signer);
    assertThat(signed.round()).isEqualTo(1);
    assertThat(signed.round()).isEqualTo(2);
    assertThat(new WarmUp(null).round()).as("without a key").isEqualTo(1);
  }
}
