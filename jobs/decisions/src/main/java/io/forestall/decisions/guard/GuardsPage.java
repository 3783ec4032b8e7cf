package io.forestall.decisions.guard;

import java.util.Map;
import java.util.stream.Collectors;

/** The page that lists every guard, every limit and every reason, made from the code. Pure. */
public final class GuardsPage {

  private GuardsPage() {}

  /** The page as Markdown. */
  public static String text() {
    StringBuilder page = new StringBuilder();
    page.append(
        """
        # Guards

        Made from the code; a test compares it. Every proposal is asked all of these questions, in this order. The
        first that refuses gives the decision its code; the results of all are in topic `decisions`. Limits are live:
        `THRESHOLD` policies with the id `guard`, or `BUDGET` policies where that is said.

        | | guard | question | refuses with | looks at |
        |---|---|---|---|---|
        """);
    int number = 1;
    for (GuardCheck check : GuardChecks.ALL) {
      page.append("| ").append(number++).append(" | ").append(check.name());
      page.append(" | ").append(check.meaning()).append(" | ");
      page.append(check.codes().stream().map(DecisionCode::name).collect(Collectors.joining(", ")));
      page.append(" | ").append(String.join(", ", check.limits())).append(" |\n");
    }
    page.append(
        """

        ## Limits

        | limit | shipped |
        |---|---|
        """);
    for (Map.Entry<String, String> limit : GuardPolicy.DEFAULTS.values().entrySet()) {
      page.append("| ").append(limit.getKey()).append(" | ").append(limit.getValue());
      page.append(" |\n");
    }
    page.append(
        """

        ## Reasons

        | code | meaning |
        |---|---|
        """);
    for (DecisionCode code : DecisionCode.values()) {
      page.append("| ").append(code).append(" | ").append(code.sentence()).append(" |\n");
    }
    return page.toString();
  }
}
