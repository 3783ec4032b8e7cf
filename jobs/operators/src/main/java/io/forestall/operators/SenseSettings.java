package io.forestall.operators;

import io.forestall.risk.ModeModel;
import io.forestall.risk.ModelFormatException;
import io.forestall.risk.RiskPolicy;
import io.forestall.risk.TrainedModels;
import io.forestall.risk.symptom.NodeRiskPolicy;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;

/**
 * The options of the sense job, checked and ready: mapped once from the configuration, immutable
 * from then on. {@link SenseOptions} says what each means.
 *
 * @param topicPrefix first word of every topic's name
 * @param kafka properties of every Kafka client, without the prefix
 * @param groupId consumer group of the committed offsets
 * @param outOfOrdernessMillis how far event time stays behind the newest sample; milliseconds
 * @param quietAfterMillis silence after which a partition is quiet; milliseconds
 * @param arrivalDelayMillis how long event time waits after an arrival; milliseconds
 * @param fleetQuietMillis silence after which the fleet topic counts as read; milliseconds
 * @param startWaitMillis how long event time waits for a source's first record; milliseconds
 * @param unknownEntityGraceMillis how long a sample waits for its fleet entry; milliseconds
 * @param unknownEntityLimit how many samples of a disk wait at most; count
 * @param lane second scoring lane
 * @param modeModel {@code shipped}, {@code none}, or the text of a model of modes
 * @param adviseShare share of the disks of which the challenger is asked, 0 to 1
 * @param laneShare share of the disks in lane DL4J, 0 to 1
 * @param laneBatchSize samples in a micro-batch at most; count
 * @param laneFlushIntervalMillis how long a sample waits in a micro-batch at most; milliseconds
 * @param tiers thresholds and dwell times of the tiers
 * @param machines silence and dwell of machines and volumes
 * @param windows windows of event time
 * @param stateTtlMillis age by the wall clock after which state is dropped, 0 for never;
 *     milliseconds
 */
public record SenseSettings(
    String topicPrefix,
    Map<String, String> kafka,
    String groupId,
    long outOfOrdernessMillis,
    long quietAfterMillis,
    long arrivalDelayMillis,
    long fleetQuietMillis,
    long startWaitMillis,
    long unknownEntityGraceMillis,
    int unknownEntityLimit,
    SenseLane lane,
    String modeModel,
    double adviseShare,
    double laneShare,
    int laneBatchSize,
    long laneFlushIntervalMillis,
    Tiers tiers,
    Machines machines,
    Windows windows,
    long stateTtlMillis)
    implements Serializable {

  /**
   * Thresholds and dwell times, see {@link RiskPolicy}.
   *
   * @param watchEnter score; points
   * @param watchExit score; points
   * @param warningEnter score; points
   * @param warningExit score; points
   * @param criticalEnter score; points
   * @param criticalExit score; points
   * @param enterDwellMillis milliseconds
   * @param exitDwellMillis milliseconds
   * @param staleAfterMillis milliseconds
   * @param unknownAfterMillis milliseconds
   */
  public record Tiers(
      double watchEnter,
      double watchExit,
      double warningEnter,
      double warningExit,
      double criticalEnter,
      double criticalExit,
      long enterDwellMillis,
      long exitDwellMillis,
      long staleAfterMillis,
      long unknownAfterMillis)
      implements Serializable {}

  /**
   * What differs for machines and volumes, which report every few seconds.
   *
   * @param staleAfterMillis silence after which a score is stale; milliseconds
   * @param unknownAfterMillis silence after which nothing is known; milliseconds
   * @param exitDwellMillis how long a score stays low before its tier falls; milliseconds
   * @param disksTolerated disks that may fail without harm to the node; count
   */
  public record Machines(
      long staleAfterMillis, long unknownAfterMillis, long exitDwellMillis, int disksTolerated)
      implements Serializable {}

  /**
   * Windows of event time.
   *
   * @param peerMillis windows of peers; milliseconds
   * @param peerWaitLimit samples of one thing that wait for one at most; count
   * @param baselineMillis how often a baseline is written; milliseconds
   * @param blameMillis windows of blame; milliseconds
   */
  public record Windows(long peerMillis, int peerWaitLimit, long baselineMillis, long blameMillis)
      implements Serializable {}

  private static final String SHIPPED_MODES = "shipped";
  private static final String NO_MODES = "none";

  public SenseSettings {
    kafka = Map.copyOf(kafka);
  }

  /** The settings of an empty configuration. */
  public static SenseSettings defaults() {
    return from(new Configuration());
  }

  /**
   * Maps and checks a configuration.
   *
   * @throws IllegalArgumentException with one line for each thing that is wrong: what, where, what
   *     to do
   */
  public static SenseSettings from(Configuration configuration) {
    return new Mapping(configuration).settings();
  }

  /** What evidence of a failure mode is worth. */
  public ModeModel modes() {
    if (modeModel.equals(SHIPPED_MODES)) {
      return TrainedModels.nodeModes();
    }
    if (modeModel.equals(NO_MODES)) {
      return ModeModel.none();
    }
    try {
      return ModeModel.fromBytes(modeModel.getBytes(StandardCharsets.UTF_8));
    } catch (ModelFormatException e) {
      throw new IllegalStateException("the model of modes was checked before", e);
    }
  }

  /** The policy of the risk engine. */
  public RiskPolicy policy() {
    RiskPolicy base = RiskPolicy.defaults();
    return new RiskPolicy(
        base.horizonMillis(),
        base.anchors(),
        new RiskPolicy.Band(tiers.watchEnter, tiers.watchExit),
        new RiskPolicy.Band(tiers.warningEnter, tiers.warningExit),
        new RiskPolicy.Band(tiers.criticalEnter, tiers.criticalExit),
        tiers.enterDwellMillis,
        tiers.exitDwellMillis,
        tiers.staleAfterMillis,
        tiers.unknownAfterMillis,
        base.unknownBelowConfidence(),
        base.warmSteps(),
        base.fullConfidenceMillis(),
        base.reasonFloor(),
        base.maximumReasons());
  }

  /** The policy of the scores of machines, and of edges and racks that are to blame. */
  public NodeRiskPolicy nodePolicy() {
    return withDwell(
        NodeRiskPolicy.of(policy(), machines.staleAfterMillis, machines.unknownAfterMillis));
  }

  /** The policy of the scores of volumes, which may be idle for hours. */
  public NodeRiskPolicy volumePolicy() {
    RiskPolicy volumes = NodeRiskPolicy.volumes().risk();
    return withDwell(
        NodeRiskPolicy.of(policy(), volumes.staleAfterMillis(), volumes.unknownAfterMillis()));
  }

  private NodeRiskPolicy withDwell(NodeRiskPolicy base) {
    RiskPolicy risk = base.risk();
    return new NodeRiskPolicy(
        new RiskPolicy(
            risk.horizonMillis(),
            risk.anchors(),
            risk.watch(),
            risk.warning(),
            risk.critical(),
            risk.enterDwellMillis(),
            machines.exitDwellMillis,
            risk.staleAfterMillis(),
            risk.unknownAfterMillis(),
            risk.unknownBelowConfidence(),
            risk.warmSteps(),
            risk.fullConfidenceMillis(),
            risk.reasonFloor(),
            risk.maximumReasons()),
        machines.disksTolerated,
        base.maximumDisks(),
        base.diskStaleAfterMillis(),
        base.diskUnknownAfterMillis(),
        base.blameLastsMillis());
  }

  /** Length of the windows of peers; milliseconds. */
  public long peerWindowMillis() {
    return windows.peerMillis;
  }

  /** How many samples of one thing wait for the window of their peers at most; count. */
  public int peerWaitLimit() {
    return windows.peerWaitLimit;
  }

  /** How often a baseline is written; milliseconds. */
  public long baselineIntervalMillis() {
    return windows.baselineMillis;
  }

  /** Length of the windows of blame; milliseconds. */
  public long blameWindowMillis() {
    return windows.blameMillis;
  }

  /** The descriptor with the bound on the age of state, which holds for every keyed state. */
  public <D extends StateDescriptor<?, ?>> D bounded(D descriptor) {
    if (stateTtlMillis > 0) {
      descriptor.enableTimeToLive(
          StateTtlConfig.newBuilder(Duration.ofMillis(stateTtlMillis))
              .setUpdateType(StateTtlConfig.UpdateType.OnCreateAndWrite)
              .setStateVisibility(StateTtlConfig.StateVisibility.NeverReturnExpired)
              .build());
    }
    return descriptor;
  }

  /** The Kafka properties in the form that clients take. */
  public Properties kafkaProperties() {
    Properties properties = new Properties();
    kafka.forEach(properties::setProperty);
    return properties;
  }

  private static final class Mapping {

    private final OptionReader reader;

    Mapping(Configuration configuration) {
      this.reader = new OptionReader(configuration);
    }

    SenseSettings settings() {
      reader.refuseUnknown("forestall.sense.", SenseOptions.all(), "sense");
      SenseSettings settings =
          new SenseSettings(
              reader.topicPrefix(),
              reader.kafka(),
              reader.notEmpty(SenseOptions.GROUP_ID),
              reader.millis(SenseOptions.OUT_OF_ORDERNESS),
              reader.millis(SenseOptions.QUIET_AFTER),
              reader.millis(SenseOptions.ARRIVAL_DELAY),
              reader.millis(SenseOptions.FLEET_QUIET),
              reader.millis(SenseOptions.START_WAIT),
              reader.millis(SenseOptions.UNKNOWN_ENTITY_GRACE),
              (int) reader.within(SenseOptions.UNKNOWN_ENTITY_LIMIT, 0, 1024),
              reader.get(SenseOptions.LANE),
              modeModel(reader.notEmpty(SenseOptions.MODE_MODEL)),
              reader.within(SenseOptions.ADVISE_SHARE, 0, 1),
              reader.within(SenseOptions.LANE_SHARE, 0, 1),
              (int) reader.within(SenseOptions.LANE_BATCH_SIZE, 1, 4096),
              Math.max(1, reader.millis(SenseOptions.LANE_FLUSH_INTERVAL)),
              new Tiers(
                  reader.within(SenseOptions.WATCH_ENTER, 0, 100),
                  reader.within(SenseOptions.WATCH_EXIT, 0, 100),
                  reader.within(SenseOptions.WARNING_ENTER, 0, 100),
                  reader.within(SenseOptions.WARNING_EXIT, 0, 100),
                  reader.within(SenseOptions.CRITICAL_ENTER, 0, 100),
                  reader.within(SenseOptions.CRITICAL_EXIT, 0, 100),
                  reader.millis(SenseOptions.ENTER_DWELL),
                  reader.millis(SenseOptions.EXIT_DWELL),
                  reader.millis(SenseOptions.STALE_AFTER),
                  reader.millis(SenseOptions.UNKNOWN_AFTER)),
              new Machines(
                  reader.atLeastOne(SenseOptions.MACHINE_STALE_AFTER),
                  reader.atLeastOne(SenseOptions.MACHINE_UNKNOWN_AFTER),
                  reader.millis(SenseOptions.MACHINE_EXIT_DWELL),
                  (int) reader.within(SenseOptions.DISKS_TOLERATED, 0, 1000)),
              new Windows(
                  reader.atLeastOne(SenseOptions.PEER_WINDOW),
                  (int) reader.within(SenseOptions.PEER_WAIT_LIMIT, 1, 4096),
                  reader.millis(SenseOptions.BASELINE_INTERVAL),
                  reader.atLeastOne(SenseOptions.BLAME_WINDOW)),
              reader.millis(SenseOptions.STATE_TTL));
      bands(settings.tiers);
      longer(
          SenseOptions.UNKNOWN_AFTER,
          settings.tiers.unknownAfterMillis,
          SenseOptions.STALE_AFTER,
          settings.tiers.staleAfterMillis);
      longer(
          SenseOptions.MACHINE_UNKNOWN_AFTER,
          settings.machines.unknownAfterMillis,
          SenseOptions.MACHINE_STALE_AFTER,
          settings.machines.staleAfterMillis);
      if (settings.stateTtlMillis > 0
          && settings.stateTtlMillis <= settings.tiers.unknownAfterMillis) {
        reader.error(
            SenseOptions.STATE_TTL.key()
                + " is not longer than "
                + SenseOptions.UNKNOWN_AFTER.key()
                + ": give a longer one, or a silent disk is forgotten before it is called so");
      }
      reader.check();
      return settings;
    }

    /** The words as they are, or the text of the file that is named. */
    private String modeModel(String value) {
      if (value.equals(SHIPPED_MODES) || value.equals(NO_MODES) || value.isBlank()) {
        return value;
      }
      String wrong;
      try {
        Path file = Path.of(value);
        if (Files.size(file) > ModeModel.MAXIMUM_BYTES) {
          throw new ModelFormatException(
              "it is larger than " + ModeModel.MAXIMUM_BYTES + " bytes, which no such model is");
        }
        byte[] bytes = Files.readAllBytes(file);
        if (ModeModel.fromBytes(bytes).fitsSymptoms()) {
          return new String(bytes, StandardCharsets.UTF_8);
        }
        wrong = "it learned from the symptoms of another version";
      } catch (InvalidPathException | IOException e) {
        wrong = e instanceof NoSuchFileException ? "there is no such file" : "" + e.getMessage();
      }
      reader.error(
          SenseOptions.MODE_MODEL.key()
              + " is '"
              + value
              + "', which cannot be used: "
              + wrong
              + "; give a file that 'forestall train modes' wrote, shipped or none");
      return SHIPPED_MODES;
    }

    private void longer(
        ConfigOption<Duration> option, long millis, ConfigOption<Duration> than, long thanMillis) {
      if (millis <= thanMillis) {
        reader.error(option.key() + " is not longer than " + than.key() + ": give a longer one");
      }
    }

    private void bands(Tiers tiers) {
      below(SenseOptions.WATCH_EXIT, tiers.watchExit, SenseOptions.WATCH_ENTER, tiers.watchEnter);
      below(
          SenseOptions.WARNING_EXIT,
          tiers.warningExit,
          SenseOptions.WARNING_ENTER,
          tiers.warningEnter);
      below(
          SenseOptions.CRITICAL_EXIT,
          tiers.criticalExit,
          SenseOptions.CRITICAL_ENTER,
          tiers.criticalEnter);
      below(
          SenseOptions.WATCH_ENTER,
          tiers.watchEnter,
          SenseOptions.WARNING_ENTER,
          tiers.warningEnter);
      below(
          SenseOptions.WARNING_ENTER,
          tiers.warningEnter,
          SenseOptions.CRITICAL_ENTER,
          tiers.criticalEnter);
    }

    private void below(
        ConfigOption<Double> lower,
        double lowerPoints,
        ConfigOption<Double> upper,
        double upperPoints) {
      if (lowerPoints >= upperPoints && reader.clean()) {
        reader.error(
            String.format(
                Locale.ROOT,
                "%s (%s) must be below %s (%s): change one of them",
                lower.key(),
                lowerPoints,
                upper.key(),
                upperPoints));
      }
    }
  }
}
