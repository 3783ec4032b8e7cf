package io.forestall.operators.decide;

import io.forestall.operators.types.AvroType;
import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import io.forestall.schemas.Ack;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Command;
import io.forestall.schemas.Decision;
import io.forestall.schemas.Event;
import io.forestall.schemas.Policy;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.VolumeMap;
import java.io.IOException;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * What the guard or the sagas of a pool say, as the record of the topic it goes to. Immutable by
 * convention. It flows, and does not lie in state.
 *
 * @param topic where it goes
 * @param record the record, of that topic's type
 */
public record Said(Topic topic, SpecificRecordBase record) {

  private static final int VERSION = 1;
  private static final Topic[] TOPICS = Topic.values();

  /** Where it goes. Its place in the list stands in what flows: new ones come last. */
  public enum Topic {
    PROPOSALS(Proposal.class),
    DECISIONS(Decision.class),
    ADMISSIONS(Admission.class),
    POLICIES(Policy.class),
    EVENTS(Event.class),
    COMMANDS(Command.class),
    ACKS(Ack.class),
    MAPS(VolumeMap.class);

    private final Class<? extends SpecificRecordBase> type;

    Topic(Class<? extends SpecificRecordBase> type) {
      this.type = type;
    }
  }

  /** Type information with a serializer of its own. */
  public static TypeInformation<Said> type() {
    return RecordFormat.SAID.info(Said.class);
  }

  /** Writes it. */
  @SuppressWarnings("unchecked") // the topic names the record's class
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeByte(topic.ordinal());
    AvroType.of((Class<SpecificRecordBase>) topic.type).serialize(record, out);
  }

  /** Reads what {@link #write} wrote. */
  public static Said read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "word of the decide job");
    Topic topic = TOPICS[in.readUnsignedByte()];
    return new Said(topic, AvroType.of(topic.type).deserialize(in));
  }
}
