package io.forestall.operators.decide;

import io.forestall.operators.types.AvroType;
import io.forestall.schemas.Ack;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Command;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Event;
import io.forestall.schemas.Policy;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.VolumeMap;
import org.apache.flink.util.OutputTag;

/** Side outputs of the steps of the decide job. */
public final class DecideTags {

  /** What could not be taken in. */
  public static final OutputTag<DeadLetter> DEAD_LETTERS =
      new OutputTag<>("dead-letters", AvroType.info(DeadLetter.class));

  /** Where admissions stand, for the ends of their acts. */
  public static final OutputTag<DecideInput> ADMISSIONS_SEEN =
      new OutputTag<>("admissions-seen", DecideInput.type());

  /** Proposals of the guard. */
  public static final OutputTag<Proposal> PROPOSALS =
      new OutputTag<>("proposals", AvroType.info(Proposal.class));

  /** Records for the log of admissions. */
  public static final OutputTag<Admission> ADMISSIONS =
      new OutputTag<>("admissions", AvroType.info(Admission.class));

  /** Marks in the policies topic. */
  public static final OutputTag<Policy> POLICIES =
      new OutputTag<>("policies", AvroType.info(Policy.class));

  /** Notices to operators. */
  public static final OutputTag<Event> NOTICES =
      new OutputTag<>("notices", AvroType.info(Event.class));

  /** What the sagas of a pool must hear. */
  public static final OutputTag<DecideInput> SAGAS = new OutputTag<>("sagas", DecideInput.type());

  /** Commands to nodes and clients. */
  public static final OutputTag<Command> COMMANDS =
      new OutputTag<>("commands", AvroType.info(Command.class));

  /** Ends of whole acts. */
  public static final OutputTag<Ack> ENDS = new OutputTag<>("ends", AvroType.info(Ack.class));

  /** New versions of slices of volumes' maps. */
  public static final OutputTag<VolumeMap> MAPS =
      new OutputTag<>("maps", AvroType.info(VolumeMap.class));

  private DecideTags() {}
}
