package io.forestall.operators.correlate;

import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleMatcher;
import io.forestall.decisions.incident.Symptom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.cep.EventComparator;
import org.apache.flink.cep.functions.PatternProcessFunction;
import org.apache.flink.cep.nfa.aftermatch.AfterMatchSkipStrategy;
import org.apache.flink.cep.pattern.Pattern;
import org.apache.flink.cep.pattern.conditions.IterativeCondition;
import org.apache.flink.util.Collector;

/**
 * A rule's shape as a pattern of Flink CEP. What the rule means is said by {@link
 * io.forestall.decisions.incident.RuleMatcher}; a test holds the pattern against it.
 *
 * <p>A rule that needs one symptom is a pattern of one stage. Any other is a run of symptoms under
 * one key, each held by the run, until one completes the rule: every symptom has a hold of its own,
 * and may count for several stages, which no chain of stages says without a run for every
 * combination. {@link RuleRuns} keeps the runs few. A match ends every run it overlaps, so that no
 * symptom takes part in two.
 */
final class RulePatterns {

  private RulePatterns() {}

  /** Sentences of the stages of a rule's pattern. */
  private record Names(String first, String more, String last) {
    static Names of(Rule rule) {
      List<String> sentences = new ArrayList<>();
      for (Rule.Stage stage : rule.stages()) {
        sentences.add(
            stage.count() == 1 ? stage.name() : stage.count() + " times: " + stage.name());
      }
      String all = String.join(rule.ordered() ? ", then " : ", and ", sentences);
      // CEP keeps ':' for itself.
      all = all.replace(':', ' ');
      return rule.needsOneEvent()
          ? new Names(all, "", "")
          : new Names("the first of " + all, "more of " + all, "the last of " + all);
    }
  }

  /** The pattern of a rule. */
  static Pattern<Symptom, Symptom> pattern(Rules rules, String id) {
    RuleRuns runs = new RuleRuns(rules, id);
    Rule rule = runs.rule();
    Names names = Names.of(rule);
    Pattern<Symptom, Symptom> first =
        Pattern.begin(names.first, AfterMatchSkipStrategy.skipPastLastEvent());
    if (rule.needsOneEvent()) {
      return first.where(new Suffices(runs));
    }
    return first
        .where(new Begins(runs))
        .next(names.more)
        .oneOrMore()
        .consecutive()
        .optional()
        .next(names.last)
        .where(new Completes(runs, names))
        .within(Duration.ofMillis(2 * rule.longestHoldMillis() + 1));
  }

  /** What leaves the pattern of a rule. */
  static PatternProcessFunction<Symptom, IncidentInput> matches(Rules rules, String id) {
    return new Matches(new RuleRuns(rules, id));
  }

  /** Ties in time are broken by the identifier, never by arrival. */
  static EventComparator<Symptom> ties() {
    return new Ties();
  }

  private static final class Ties implements EventComparator<Symptom> {
    private static final long serialVersionUID = 1L;

    @Override
    public int compare(Symptom one, Symptom other) {
      int byTime = Long.compare(one.event().timeMillis(), other.event().timeMillis());
      return byTime != 0 ? byTime : one.event().id().compareTo(other.event().id());
    }
  }

  private static final class Begins extends IterativeCondition<Symptom> {
    private static final long serialVersionUID = 1L;
    private final RuleRuns runs;

    Begins(RuleRuns runs) {
      this.runs = runs;
    }

    @Override
    public boolean filter(Symptom symptom, Context<Symptom> context) {
      return runs.begins(symptom, context.timestamp());
    }
  }

  private static final class Suffices extends IterativeCondition<Symptom> {
    private static final long serialVersionUID = 1L;
    private final RuleRuns runs;

    Suffices(RuleRuns runs) {
      this.runs = runs;
    }

    @Override
    public boolean filter(Symptom symptom, Context<Symptom> context) {
      return RuleMatcher.satisfied(runs.rule(), List.of(symptom));
    }
  }

  private static final class Completes extends IterativeCondition<Symptom> {
    private static final long serialVersionUID = 1L;
    private final RuleRuns runs;
    private final String first;
    private final String more;

    Completes(RuleRuns runs, Names names) {
      this.runs = runs;
      this.first = names.first;
      this.more = names.more;
    }

    @Override
    public boolean filter(Symptom symptom, Context<Symptom> context) {
      return runs.satisfied(symptom, context.timestamp(), () -> held(context).iterator());
    }

    private List<Symptom> held(Context<Symptom> context) {
      try {
        List<Symptom> held = new ArrayList<>();
        context.getEventsForPattern(first).forEach(held::add);
        context.getEventsForPattern(more).forEach(held::add);
        return held;
      } catch (Exception e) {
        throw new IllegalStateException("the state of a pattern cannot be read", e);
      }
    }
  }

  private static final class Matches extends PatternProcessFunction<Symptom, IncidentInput> {
    private static final long serialVersionUID = 1L;
    private final RuleRuns runs;

    Matches(RuleRuns runs) {
      this.runs = runs;
    }

    @Override
    public void processMatch(
        Map<String, List<Symptom>> match, Context context, Collector<IncidentInput> out) {
      // CEP gives the stages in their order.
      List<Symptom> symptoms = new ArrayList<>();
      match.values().forEach(symptoms::addAll);
      List<Symptom> live = runs.live(symptoms, context.timestamp());
      Symptom any = live.get(0);
      out.collect(new IncidentInput.Matched(any.rule(), any.key(), live));
    }
  }
}
