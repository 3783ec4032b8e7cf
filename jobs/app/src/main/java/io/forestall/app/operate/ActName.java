package io.forestall.app.operate;

import io.forestall.app.CommandFailure;
import io.forestall.decisions.ActKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Names of kinds of acts as people write them. Stateless. */
final class ActName implements ITypeConverter<ActKind> {

  /** For completion. */
  static final class Candidates extends ArrayList<String> {
    private static final long serialVersionUID = 1L;

    Candidates() {
      super(names());
    }
  }

  @Override
  public ActKind convert(String text) {
    try {
      return parse(text);
    } catch (CommandFailure e) {
      throw new TypeConversionException(e.getMessage());
    }
  }

  /**
   * The kind of act; {@code UNKNOWN}, which stands for all, when the text is null or {@code all}.
   *
   * @throws CommandFailure when there is no such kind
   */
  static ActKind parse(@Nullable String text) {
    if (text == null || text.equalsIgnoreCase("all")) {
      return ActKind.UNKNOWN;
    }
    String word = text.toUpperCase(Locale.ROOT).replace('-', '_');
    for (ActKind kind : ActKind.values()) {
      if (kind.touchesData() && kind.name().equals(word)) {
        return kind;
      }
    }
    throw CommandFailure.usage(
        "no kind of act is called '" + text + "': it is one of " + String.join(", ", names()));
  }

  private static List<String> names() {
    return Arrays.stream(ActKind.values()).filter(ActKind::touchesData).map(Words::lower).toList();
  }
}
