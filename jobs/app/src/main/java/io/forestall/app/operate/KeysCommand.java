package io.forestall.app.operate;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.wire.Signatures;
import io.forestall.wire.Signatures.KeyFileException;
import io.forestall.wire.Signatures.Signer;
import io.forestall.wire.Signatures.Trusted;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forestall keys generate|show}: the keys that sign and those that are trusted (G11). */
@Command(
    name = "keys",
    description = {
      "Keys that sign admissions and words of operators (Ed25519).",
      "To change a key: trust the new public key everywhere, sign with the new private key, then",
      "remove the old public key."
    },
    subcommands = {KeysCommand.Generate.class, KeysCommand.Show.class})
public final class KeysCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: generate, show");
  }

  /** Makes a pair. */
  @Command(
      name = "generate",
      description = "Makes NAME.key, readable by you only, and NAME.pub for those who check.")
  static final class Generate implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "Path without ending, such as keys/guard-1.")
    private Path name = Path.of("forestall");

    @Override
    public Integer call() {
      Path key = Path.of(name + ".key");
      Path pub = Path.of(name + ".pub");
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      try {
        Signer signer = Signatures.generate(key, pub);
        out.println("key " + signer.keyId());
        out.println("  " + key + "  signs; keep it to yourself");
        out.println("  " + pub + "  for those who check");
      } catch (KeyFileException e) {
        throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
      }
      out.flush();
      return ExitCodes.OK;
    }
  }

  /** Shows identifiers. */
  @Command(
      name = "show",
      description = "Identifiers of the keys of a private key, a public key, or a folder of them.")
  static final class Show implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "FILE|DIR", description = "Where the keys are.")
    private Path file = Path.of("");

    @Override
    public Integer call() {
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      try {
        if (Signatures.isPrivate(file)) {
          Signer signer = Signer.read(file);
          out.println(signer.keyId() + "  signs");
          out.print(signer.publicPem());
        } else {
          for (String id : Trusted.read(file).keyIds()) {
            out.println(id + "  trusted");
          }
        }
      } catch (KeyFileException e) {
        throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
      }
      out.flush();
      return ExitCodes.OK;
    }
  }
}
