package io.forestall.app.train;

import io.forestall.app.evaluate.ServerTrouble;
import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeModel;
import io.forestall.sim.ModeTraining;
import io.forestall.sim.ModeTraining.Interval;
import io.forestall.sim.ModeTraining.Lesson;
import io.forestall.sim.ModeTraining.Tenth;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;

/**
 * The card of the model of modes: data, protocol, what was found and what it cannot see. Markdown.
 *
 * @param model the model
 * @param lessons what was learned and measured
 * @param fleets simulated fleets; count
 * @param days how long each is watched; days
 * @param seed of every random choice
 * @param real what real servers say, none when no set was given
 */
record ModesCard(
    ModeModel model,
    List<Lesson> lessons,
    int fleets,
    int days,
    long seed,
    List<ServerTrouble> real) {
  /** Nodes of each simulated fleet; count. */
  static final int NODES = 10;

  /** Disks of each of its nodes; count. */
  static final int DISKS = 4;

  /** Faults of each kind in each fleet; count. */
  static final int FAULTS_PER_KIND = 2;

  private static final double HOUR_MILLIS = 3_600_000;

  /** The card as text. */
  String text() {
    StringBuilder text = new StringBuilder(8192);
    text.append("# ")
        .append(model.id())
        .append(", version ")
        .append(model.version())
        .append("\n\n");
    text.append(
        """
        What evidence of failure modes network, software and fail-slow is worth: the symptom engine adds up weighted
        evidence, and for each kind of thing and mode a curve that never falls says what it adds to the log-odds of a
        failure within the mode's horizon. Without evidence the probability is the base rate; beyond its last knot a curve
        is flat.

        **A simulator's faults are not your fleet's.** All faults here were planted in simulated fleets. No public data set
        known to us labels such failures by mode. What holds of real ones is what the simulation got right.

        ## Data and protocol

        """);
    line(
        text,
        "%d simulated fleets of %d nodes with %d disks each, event processors, head nodes, clients"
            + " and volumes, watched for %d days with a report a minute; the first day is without"
            + " faults and counts for nothing. In each, %d faults of every kind at random times and"
            + " places, severity 0.2 to 1, those of the telemetry itself included. Seed %d.",
        fleets,
        NODES,
        DISKS,
        days,
        FAULTS_PER_KIND,
        seed);
    text.append(
        """

        Split by fleet: half shape the curves (isotonic regression of how much likelier evidence is with a failure than
        without), a quarter chooses how far to trust them (one factor, at most 1) and the thresholds below, a quarter only
        measures. An example is a thing every five minutes. It has a failure if a fault of the mode lasts then or begins
        within the horizon. Left out is what a fault of another mode rightly makes look ill, and what a fault that is over
        has left behind until it has faded.

        - **Never above what is stated.** A curve takes away from what the symptoms state and never adds: simulated fleets
          are calmer than real ones, so they can show that evidence is worth less than its weight, not that it is worth more.
        - **Never above what was seen.** Half an hour without a failure is added to each step, so that no evidence counts for
          more than the hours that were watched can show.
        - **An alarm stays an alarm** where the calibration fleets have no more than 0.1 false ones a node-week: a lower curve
          there would only make it later. The price is a probability that is too high just above the alarm.
        - **Base rates are stated, not learned**: how often faults were planted says nothing of how often things fail.

        ## Which mode got what from where

        """);
    text.append("| of | mode | horizon | base rate | labels | faults to train, to test |");
    text.append(" trusted | at most |\n|---|---|---|---|---|---|---|---|\n");
    for (Lesson lesson : lessons) {
      ModeModel.Curve curve = lesson.curve();
      line(
          text,
          "| %s | %s | %s | %s | %s | %d, %d | %s | %s |",
          subject(lesson),
          mode(lesson.training().mode()),
          curve == null ? "as stated" : hours(curve.horizonMillis()),
          curve == null ? "as stated" : number(curve.baseRate()) + ", stated",
          curve == null ? "too few: weights stay as stated" : "simulated faults",
          lesson.training().faultCount(),
          lesson.test().faultCount(),
          curve == null ? "-" : number(lesson.factor()),
          curve == null ? "-" : number(curve.probability(ModeModel.MAXIMUM_NATS)));
    }
    text.append(
        "\n"
            + "## Measures\n\n"
            + "On the fleets that nothing was learned from; in brackets the middle 95 % of a");
    text.append(" bootstrap over fleets.\n\n");
    text.append(
        "| of | mode | AUC | found, false alarms a node-week, threshold of the calibration");
    line(
        text,
        " fleets for %s | found, false alarms a node-week, at probability %s |",
        number(ModeTraining.FALSE_ALARMS),
        number(ModeTraining.ALARM));
    text.append("|---|---|---|---|---|\n");
    for (Lesson lesson : measured()) {
      line(
          text,
          "| %s | %s | %s | %s, %s | %s, %s |",
          subject(lesson),
          mode(lesson.training().mode()),
          interval(lesson.auc(), false),
          interval(lesson.recall(), true),
          interval(lesson.falseAlarms(), false),
          interval(lesson.recallAtAlarm(), true),
          interval(lesson.falseAlarmsAtAlarm(), false));
    }
    text.append(
        """

        The area is small where a horizon is longer than a fault: before it begins nothing can be seen. A false alarm is a
        day of a thing on which evidence reached the threshold without a fault.

        ## Observed over expected

        Examples of the test fleets by what the model says, at the rate of faults of these fleets. The first line is without
        evidence. Above 1 the model is too careful, which it is meant to be where the simulated fleets are calm.

        | of | mode | part | examples | failures | expected | observed over expected | the same as stated |
        |---|---|---|---|---|---|---|---|
        """);
    for (Lesson lesson : measured()) {
      int part = 0;
      for (Tenth tenth : lesson.tenths()) {
        line(
            text,
            "| %s | %s | %s | %d | %d | %.1f | %s | %s |",
            subject(lesson),
            mode(lesson.training().mode()),
            part == 0 ? "no evidence" : Integer.toString(part),
            tenth.examples(),
            tenth.failures(),
            tenth.expected(),
            number(tenth.failures() / tenth.expected()),
            number(tenth.failures() / tenth.stated()));
        part++;
      }
    }
    text.append("\n## Real servers\n\n");
    servers(text);
    text.append(
        """

        ## What it cannot see

        - Faults of other kinds than the simulator plants: dying network cards, flapping links, memory leaks, crash loops and
          slow or dying disks. Machines and volumes that become slow by themselves are not among them: their mode fail-slow
          keeps the weights that are stated with the symptoms.
        - How often things fail in your fleet: the base rates are stated.
        - Anything before its symptoms. These faults begin suddenly; only leaks announce themselves.
        - Noise of real fleets that the simulation lacks. It would lower the curves; nothing here raises them.

        ## Reproduce

        """);
    text.append("```\nforestall train modes --output DIR --seed ").append(seed);
    text.append(" --fleets ").append(fleets).append(" --days ").append(days);
    text.append(real.isEmpty() ? "" : " --servers DIR ...");
    text.append(
        "\n"
            + "```\n\n"
            + "The same options give the same bytes; the model itself does not hang on"
            + " --servers.\n");
    return text.toString();
  }

  private void servers(StringBuilder text) {
    if (real.isEmpty()) {
      text.append("None were given: this model knows only simulated fleets.\n");
      return;
    }
    text.append(
        """
        Their labels say trouble, not which mode, and their metrics are scaled or unnamed, so that the evidence above cannot
        be told from them: **they change no curve.** What they do say is what the score of the detector of many metrics
        (`forestall evaluate servers`) is worth: learned on every other server and the earlier half of its rows, measured on
        the other servers and the later half, and the other way round. The middle 95 % is of a bootstrap over servers.
        """);
    for (ServerTrouble set : real) {
      line(
          text,
          "\n%s: %d servers, %d rows, %d labelled segments, AUC %.3f (%.3f to %.3f).\n",
          set.name(),
          set.servers(),
          set.rows(),
          set.segments(),
          set.auc(),
          set.aucLow(),
          set.aucHigh());
      text.append(
          "| scores above the quantile | rows | labelled | expected | observed over expected |");
      text.append(" likelier in trouble by |\n|---|---|---|---|---|---|\n");
      for (ServerTrouble.Level level : set.levels()) {
        line(
            text,
            "| %s | %d | %d | %.0f | %s | %s times |",
            number(level.fromQuantile()),
            level.rows(),
            level.labelled(),
            level.expected(),
            number(level.labelled() / level.expected()),
            number(level.ratio()));
      }
    }
    text.append(
        """

        Evidence of trouble in general is worth far less on real servers than evidence of a mode in simulation: take the
        probabilities above for an order of what to look at, and set thresholds on your own history.

        Server Machine Dataset (smd): NetManAIOps/OmniAnomaly, values from zhhlee/InterFusion; jumpstarter_services:
        NetManAIOps/JumpStarter (USENIX ATC 2021); both MIT. No data of theirs is part of this model.
        """);
  }

  private List<Lesson> measured() {
    return lessons.stream().filter(lesson -> lesson.curve() != null).toList();
  }

  private static String subject(Lesson lesson) {
    return switch (lesson.training().subject()) {
      case MACHINE -> "machines";
      case DRIVE -> "drives";
      case LINK -> "links and racks";
      case VOLUME -> "volumes";
    };
  }

  private static String mode(FailureMode mode) {
    return mode.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static String hours(long millis) {
    return number(millis / HOUR_MILLIS) + " h";
  }

  private static String interval(Interval interval, boolean share) {
    return share
        ? String.format(
            Locale.ROOT,
            "%.0f %% (%.0f to %.0f)",
            100 * interval.value(),
            100 * interval.low(),
            100 * interval.high())
        : String.format(
            Locale.ROOT, "%.2f (%.2f to %.2f)", interval.value(), interval.low(), interval.high());
  }

  /** Up to three significant digits. */
  private static String number(double value) {
    if (!Double.isFinite(value)) {
      return "-";
    }
    return new BigDecimal(value).round(new MathContext(3)).stripTrailingZeros().toPlainString();
  }

  private static void line(StringBuilder text, String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
