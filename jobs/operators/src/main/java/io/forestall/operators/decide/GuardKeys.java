package io.forestall.operators.decide;

import io.forestall.wire.Signatures;
import java.io.Serializable;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where the keys of the guard are. The files are read where the job runs, by each step that needs
 * them, so that no key travels with the job. Immutable.
 *
 * @param signingKeyFile private key of the guard; empty when it has none and so only advises
 * @param trustedKeys public keys whose admissions count, beside the guard's own; empty for none
 * @param operatorKeys public keys whose policies count; empty when unsigned ones do
 */
public record GuardKeys(String signingKeyFile, String trustedKeys, String operatorKeys)
    implements Serializable {

  /** No key: the guard only advises. */
  public static final GuardKeys NONE = new GuardKeys("", "", "");

  /** True when the guard can sign, and so may admit. */
  public boolean canSign() {
    return !signingKeyFile.isEmpty();
  }

  /**
   * The guard's key; null when it has none.
   *
   * @throws Signatures.KeyFileException in one line: what, where, what to do
   */
  public Signatures.@Nullable Signer signer() throws Signatures.KeyFileException {
    return canSign() ? Signatures.Signer.read(Path.of(signingKeyFile)) : null;
  }

  /**
   * Whose admissions count.
   *
   * @throws Signatures.KeyFileException in one line; also when the guard's own key is not among the
   *     trusted ones, because it would then not believe itself
   */
  public Signatures.Trusted trusted() throws Signatures.KeyFileException {
    Signatures.Signer signer = signer();
    if (trustedKeys.isEmpty()) {
      return signer == null ? Signatures.Trusted.NONE : signer.trusted();
    }
    Signatures.Trusted trusted = Signatures.Trusted.read(Path.of(trustedKeys));
    if (signer != null && !trusted.keyIds().contains(signer.keyId())) {
      throw new IllegalStateException(
          "the public key of "
              + signingKeyFile
              + " ("
              + signer.keyId()
              + ") is not among the trusted keys in "
              + trustedKeys
              + ": put it there, or the guard would not believe its own admissions");
    }
    return trusted;
  }

  /** Whose policies count, where signatures are asked for. */
  public Signatures.Trusted operators() throws Signatures.KeyFileException {
    return operatorKeys.isEmpty()
        ? Signatures.Trusted.NONE
        : Signatures.Trusted.read(Path.of(operatorKeys));
  }
}
