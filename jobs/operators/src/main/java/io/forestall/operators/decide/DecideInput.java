package io.forestall.operators.decide;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.operators.types.RecordFormat;
import io.forestall.schemas.DeadLetter;
import java.io.IOException;
import java.util.List;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * What the decide job's sources read, before every thing has found its pool. Immutable. It flows;
 * policies, zones and models also lie in state.
 */
public sealed interface DecideInput {

  /** Key of the step that takes it next: a pool, an entity, an admission, a slice or a word. */
  String key();

  /** What could not be taken in. */
  record Dead(DeadLetter letter) implements DecideInput {
    @Override
    public String key() {
      return letter.getOrigin();
    }
  }

  /** Something for the guard of a pool; the pool is empty when nobody knows it. */
  record ForPool(String pool, GuardInput input) implements DecideInput {
    @Override
    public String key() {
      return pool;
    }
  }

  /**
   * Something for the sagas of a pool.
   *
   * @param signed of an admission its record with the signature, which commands carry; null for
   *     everything else
   */
  record ForSaga(String pool, SagaInput input, io.forestall.schemas.@Nullable Admission signed)
      implements DecideInput {
    @Override
    public String key() {
      return pool;
    }
  }

  /**
   * A slice of a volume's map as the sagas take it.
   *
   * @param slice key of the slice, volume/slice
   * @param map null when it ended
   */
  record MapRead(String slice, SagaInput.@Nullable MapSlice map) implements DecideInput {
    @Override
    public String key() {
      return slice;
    }
  }

  /**
   * The fleet topic describes or ends a node, event processor or head node.
   *
   * @param member null when it is gone
   * @param freeBytes free space, null when nobody said
   * @param level level of the contract that it declares, 0 to 2
   * @param traits what it is made of and how it does
   */
  record MemberRead(
      Subject entity,
      @Nullable FleetMember member,
      @Nullable Long freeBytes,
      int level,
      NodeTraits traits)
      implements DecideInput {
    /** One of which nothing more is known. */
    public MemberRead(
        Subject entity, @Nullable FleetMember member, @Nullable Long freeBytes, int level) {
      this(entity, member, freeBytes, level, NodeTraits.UNKNOWN);
    }

    @Override
    public String key() {
      return entity.toString();
    }
  }

  /**
   * A score of a node, event processor or head node.
   *
   * @param risk null when the score ended
   */
  record RiskRead(Subject entity, GuardInput.@Nullable RiskChanged risk) implements DecideInput {
    @Override
    public String key() {
      return entity.toString();
    }
  }

  /**
   * A failure zone.
   *
   * @param pool pool of its members, null when they are of several
   * @param members null when it ended
   */
  record ZoneRead(String zone, @Nullable String pool, @Nullable List<Subject> members)
      implements DecideInput {
    @Override
    public String key() {
      return zone;
    }
  }

  /**
   * A model was published, or somebody changed what it may do.
   *
   * @param demoted why its predictions only advise, null while they count
   */
  record ModelRead(String model, int version, long publishedMillis, @Nullable String demoted)
      implements DecideInput {
    @Override
    public String key() {
      return model;
    }
  }

  /**
   * A slice of a volume's map.
   *
   * @param slice key of the slice, volume/slice
   * @param pool pool of the volume; empty when the slice ended
   * @param units its units; none when it ended
   */
  record SliceRead(String slice, String pool, List<GuardInput.UnitChanged> units)
      implements DecideInput {
    @Override
    public String key() {
      return slice;
    }
  }

  /**
   * Those who carry an act out say how it ended.
   *
   * @param admission the act's admission
   * @param state a terminal state
   */
  record ActRead(String admission, Admission.State state, String text) implements DecideInput {
    @Override
    public String key() {
      return admission;
    }
  }

  /**
   * The log says where an admission stands.
   *
   * @param ended true when it holds nothing any more
   */
  record AdmissionSeen(String admission, String pool, boolean ended) implements DecideInput {
    @Override
    public String key() {
      return admission;
    }
  }

  /**
   * A record of the policies topic as it came, after a look at whether it makes sense.
   *
   * @param policy key of the record
   * @param value its bytes, null when it was taken back; not copied
   * @param partition partition of the topic
   * @param offset its place in the topic
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier of bytes, never compared
  record PolicyRead(String policy, byte @Nullable [] value, int partition, long offset)
      implements DecideInput {
    @Override
    public String key() {
      return policy;
    }
  }

  /** Type information with a serializer of its own. */
  static TypeInformation<DecideInput> type() {
    return RecordFormat.DECIDE_INPUT.info(DecideInput.class);
  }

  /** Writes it. */
  static void write(DecideInput input, DataOutputView out) throws IOException {
    DecideInputFormat.write(input, out);
  }

  /** Reads what {@link #write} wrote. */
  static DecideInput read(DataInputView in) throws IOException {
    return DecideInputFormat.read(in);
  }
}
