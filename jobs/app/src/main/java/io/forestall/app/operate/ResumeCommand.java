package io.forestall.app.operate;

import io.forestall.decisions.ActKind;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code forestall resume}: takes a halt back. */
@Command(
    name = "resume",
    description = "Takes the halt of exactly this scope back; wider and narrower ones stay.")
public final class ResumeCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;
  @Mixin private Speech speech = new Speech();
  @Mixin private Where where = new Where();

  @Option(
      names = "--act",
      paramLabel = "ACT",
      converter = ActName.class,
      completionCandidates = ActName.Candidates.class,
      description = "The halt of this kind of act: ${COMPLETION-CANDIDATES}.")
  private ActKind act = ActKind.UNKNOWN;

  @Override
  public Integer call() {
    return speech.print(
        speech.words().resume(where.scope(), act, speech.voice()),
        Objects.requireNonNull(spec).commandLine().getOut());
  }
}
