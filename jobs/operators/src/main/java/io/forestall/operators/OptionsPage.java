package io.forestall.operators;

import io.forestall.operators.alert.AlertOptions;
import io.forestall.operators.correlate.CorrelateOptions;
import io.forestall.operators.decide.DecideOptions;
import io.forestall.operators.move.MoveOptions;
import io.forestall.operators.train.TrainOptions;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.description.HtmlFormatter;

/** Writes the page of options (OPTIONS.md) from the options themselves. */
public final class OptionsPage {

  private OptionsPage() {}

  /** A job and its options. */
  private record Job(String title, List<ConfigOption<?>> options) {}

  private static final List<Job> JOBS =
      List.of(
          new Job("Sense job", SenseOptions.all()),
          new Job("Correlate job", CorrelateOptions.all()),
          new Job("Decide job", DecideOptions.all()),
          new Job("Decide job: alerts", AlertOptions.all()),
          new Job("Move job", MoveOptions.all()),
          new Job("Train job", TrainOptions.all()));

  /** The page as Markdown. */
  public static String markdown() {
    StringBuilder page = new StringBuilder();
    page.append("# Options\n\n")
        .append("Generated from the options' constants; a test compares. Set them in")
        .append(" `config.yaml`, with `-D key=value`, or as `--key value` of the job. A duration")
        .append(" has its unit, as in `30 s`, `5 min`, `14 d`. What begins with `forestall.kafka.`")
        .append(" or is `forestall.topic-prefix` holds for every job.\n");
    HtmlFormatter formatter = new HtmlFormatter();
    for (Job job : JOBS) {
      page.append("\n## ")
          .append(job.title())
          .append("\n\n")
          .append("| key | default | type | what it is |\n")
          .append("|---|---|---|---|\n");
      for (ConfigOption<?> option : job.options()) {
        page.append("| `")
            .append(option.key())
            .append("` | ")
            .append(shown(option.defaultValue()))
            .append(" | ")
            .append(type(option.defaultValue()))
            .append(" | ")
            .append(formatter.format(option.description()))
            .append(" |\n");
      }
      page.append(
          "| `forestall.kafka.*` | | text | Any property of a Kafka client, passed on as it is."
              + " |\n");
    }
    return page.toString();
  }

  private static String shown(Object value) {
    String text = text(value);
    return text.isEmpty() ? "" : "`" + text + "`";
  }

  /** A value as it is written in a configuration. */
  static String text(Object value) {
    if (value instanceof Duration duration) {
      return text(duration);
    }
    if (value instanceof Enum<?> constant) {
      return constant.name().toLowerCase(Locale.ROOT);
    }
    return String.valueOf(value);
  }

  private static String text(Duration duration) {
    record Unit(long millis, String name) {}
    long millis = duration.toMillis();
    for (Unit unit :
        List.of(
            new Unit(86_400_000, "d"),
            new Unit(3_600_000, "h"),
            new Unit(60_000, "min"),
            new Unit(1000, "s"))) {
      if (millis != 0 && millis % unit.millis == 0) {
        return millis / unit.millis + " " + unit.name;
      }
    }
    return millis == 0 ? "0 s" : millis + " ms";
  }

  private static String type(Object value) {
    if (value instanceof Duration) {
      return "duration";
    }
    if (value instanceof Enum<?> constant) {
      return "one of "
          + String.join(
              ", ",
              List.of(constant.getDeclaringClass().getEnumConstants()).stream()
                  .map(OptionsPage::text)
                  .toList());
    }
    if (value instanceof Boolean) {
      return "true or false";
    }
    if (value instanceof Integer) {
      return "whole number";
    }
    return value instanceof Double ? "number" : "text";
  }
}
