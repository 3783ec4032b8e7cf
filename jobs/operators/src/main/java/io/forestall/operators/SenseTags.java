package io.forestall.operators;

import io.forestall.operators.types.AvroType;
import io.forestall.operators.types.RecordFormat;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Event;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.BasicTypeInfo;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.util.OutputTag;

/** Side outputs and broadcast state that the operators of the sense job share. */
public final class SenseTags {

  /** What could not be taken in. */
  public static final OutputTag<DeadLetter> DEAD_LETTERS =
      new OutputTag<>("dead-letters", AvroType.info(DeadLetter.class));

  /** Failures that are expected. */
  public static final OutputTag<Event> PREDICTED_EVENTS =
      new OutputTag<>("predicted-events", AvroType.info(Event.class));

  /**
   * Samples that were scored, and ends, for the second lane; in the order in which that happened.
   */
  public static final OutputTag<DiskInput> LANE = new OutputTag<>("lane", DiskInput.type());

  /** What the challenger says of disks. */
  public static final OutputTag<RiskUpdate> ADVISED = new OutputTag<>("advised", RiskUpdate.type());

  /** Machines and disks under load, and what the fleet topic says of them. */
  public static final OutputTag<EntityInput> ENTITIES =
      new OutputTag<>("entities", EntityInput.type());

  /** Paths, and the ends of nodes where they begin. */
  public static final OutputTag<EntityInput> PATHS = new OutputTag<>("paths", EntityInput.type());

  /** What members of groups of peers did, by window. */
  public static final OutputTag<PeerInput> PEER_MEANS =
      new OutputTag<>("peer-means", PeerInput.type());

  /** What disks under load say, for the score of the disk. */
  public static final OutputTag<DiskInput> DRIVE_FINDINGS =
      new OutputTag<>("drive-findings", DiskInput.type());

  /** Scores of disks that have changed, for the score of the node. */
  public static final OutputTag<NodeInput> DISK_SHARES =
      new OutputTag<>("disk-shares", NodeInput.type());

  /** What edges and nodes say of the network. */
  public static final OutputTag<BlameInput> BLAME_INPUTS =
      new OutputTag<>("blame-inputs", BlameInput.type());

  /** Signals that behave unusually. */
  public static final OutputTag<AnomalyRecord> ANOMALIES =
      new OutputTag<>("anomalies", AvroType.info(AnomalyRecord.class));

  /** What is usual. */
  public static final OutputTag<BaselineUpdate> BASELINES =
      new OutputTag<>("baselines", BaselineUpdate.type());

  /** The newest closed windows of each group of peers, by its name. */
  public static final MapStateDescriptor<String, PeerHistory> PEERS =
      new MapStateDescriptor<>(
          "peers",
          BasicTypeInfo.STRING_TYPE_INFO,
          RecordFormat.PEER_HISTORY.info(PeerHistory.class));

  /** Model records by their keys, as they stand in the models topic. */
  public static final MapStateDescriptor<String, byte[]> MODELS =
      new MapStateDescriptor<>(
          "models",
          BasicTypeInfo.STRING_TYPE_INFO,
          PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);

  private SenseTags() {}
}
