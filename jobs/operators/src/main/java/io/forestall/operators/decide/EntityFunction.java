package io.forestall.operators.decide;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.risk.Tier;
import java.util.Objects;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Finds the pool of each thing's score, and lets pass only what says something new: another tier,
 * another staleness, a point of the score, or a new minute. One key is one node, event processor or
 * head node. A thing that moves to another pool leaves the first one before it enters the second.
 */
public final class EntityFunction extends KeyedProcessFunction<String, DecideInput, DecideInput> {

  /** Name of the state; a name in savepoints, never to change. */
  public static final String MEMORY = "entity-memory";

  private static final long serialVersionUID = 1L;
  private static final long MINUTE_MILLIS = 60_000;
  private static final double POINT = 1;

  private final long graceMillis;

  private transient ValueState<EntityMemory> memories;
  private transient Counter passed;
  private transient Counter unchanged;
  private transient Counter forgotten;

  /**
   * A join.
   *
   * @param graceMillis how long, by the wall clock, a score waits for the place of its thing
   */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public EntityFunction(long graceMillis) {
    this.graceMillis = graceMillis;
  }

  @Override
  public void open(OpenContext context) {
    memories =
        getRuntimeContext().getState(new ValueStateDescriptor<>(MEMORY, EntityMemory.type()));
    MetricGroup group = getRuntimeContext().getMetricGroup().addGroup("forestall");
    passed = group.counter("scoresPassed");
    unchanged = group.counter("scoresUnchanged");
    forgotten = group.counter("scoresWithoutPlace");
  }

  @Override
  public void processElement(DecideInput input, Context context, Collector<DecideInput> out)
      throws Exception {
    EntityMemory memory = Objects.requireNonNullElse(memories.value(), EntityMemory.NOTHING);
    if (input instanceof DecideInput.MemberRead read) {
      FleetMember member = read.member();
      if (member == null) {
        leave(memory, read.entity(), context, out);
        forget(memory, context);
      } else {
        memories.update(place(memory, member, read, context, out));
      }
    } else if (input instanceof DecideInput.RiskRead read) {
      score(memory, read, context, out);
    } else {
      throw new IllegalStateException("no input of this step: " + input.getClass());
    }
  }

  private EntityMemory place(
      EntityMemory memory,
      FleetMember member,
      DecideInput.MemberRead read,
      Context context,
      Collector<DecideInput> out) {
    String pool = member.place().pool();
    Long freeBytes = read.freeBytes();
    int described = Objects.hash(member, freeBytes, read.level(), read.traits());
    boolean moved = !pool.equals(memory.pool());
    if (moved) {
      leave(memory, member.subject(), context, out);
    }
    if (moved || described != memory.described()) {
      out.collect(
          new DecideInput.ForPool(
              pool, new GuardInput.MemberChanged(member, freeBytes, read.level(), read.traits())));
      tellSagas(
          pool,
          member.subject(),
          new SagaInput.NodeDescribed(member.subject(), read.level(), freeBytes),
          context);
    }
    GuardInput.RiskChanged risk = memory.risk();
    if (risk != null && (moved || !memory.told())) {
      pass(pool, risk, context, out);
    }
    stopWaiting(memory, context);
    return new EntityMemory(pool, described, risk, risk != null, 0);
  }

  private void score(
      EntityMemory memory, DecideInput.RiskRead read, Context context, Collector<DecideInput> out)
      throws Exception {
    GuardInput.RiskChanged risk = read.risk();
    String pool = memory.pool();
    if (risk == null) {
      ended(memory, read.entity(), context, out);
      return;
    }
    if (pool == null) {
      long untilMillis = memory.untilMillis();
      if (untilMillis == 0) {
        untilMillis = context.timerService().currentProcessingTime() + graceMillis;
        context.timerService().registerProcessingTimeTimer(untilMillis);
      }
      memories.update(new EntityMemory(null, 0, risk, false, untilMillis));
      return;
    }
    GuardInput.RiskChanged before = memory.risk();
    if (before != null && memory.told() && !news(before, risk)) {
      unchanged.inc();
      return;
    }
    pass(pool, risk, context, out);
    memories.update(new EntityMemory(pool, memory.described(), risk, true, 0));
  }

  private void pass(
      String pool, GuardInput.RiskChanged risk, Context context, Collector<DecideInput> out) {
    passed.inc();
    out.collect(new DecideInput.ForPool(pool, risk));
    tellSagas(
        pool,
        risk.entity(),
        new SagaInput.NodeRisk(risk.entity(), risk.tier() == Tier.CRITICAL),
        context);
  }

  /** Only nodes own units. */
  private static void tellSagas(String pool, Subject entity, SagaInput input, Context context) {
    if (entity.kind() == Subject.Kind.NODE && !pool.isEmpty()) {
      context.output(DecideTags.SAGAS, new DecideInput.ForSaga(pool, input, null));
    }
  }

  static boolean news(GuardInput.RiskChanged before, GuardInput.RiskChanged now) {
    return before.tier() != now.tier()
        || before.stale() != now.stale()
        || Math.abs(before.score() - now.score()) >= POINT
        || before.timeMillis() / MINUTE_MILLIS != now.timeMillis() / MINUTE_MILLIS;
  }

  /** A score that has ended is nothing known, which is never the same as healthy. */
  private void ended(
      EntityMemory memory, Subject entity, Context context, Collector<DecideInput> out)
      throws Exception {
    GuardInput.RiskChanged before = memory.risk();
    String pool = memory.pool();
    if (pool == null) {
      forget(memory, context);
    } else if (before != null) {
      out.collect(
          new DecideInput.ForPool(
              pool,
              new GuardInput.RiskChanged(
                  entity, Tier.UNKNOWN, 0, 0, 0, 0, true, before.timeMillis(), null, null)));
      tellSagas(pool, entity, new SagaInput.NodeRisk(entity, false), context);
      memories.update(new EntityMemory(pool, memory.described(), null, false, 0));
    }
  }

  private static void leave(
      EntityMemory memory, Subject entity, Context context, Collector<DecideInput> out) {
    String pool = memory.pool();
    if (pool != null) {
      out.collect(new DecideInput.ForPool(pool, new GuardInput.MemberLeft(entity)));
      tellSagas(pool, entity, new SagaInput.NodeLeft(entity), context);
    }
  }

  private void forget(EntityMemory memory, Context context) {
    stopWaiting(memory, context);
    memories.clear();
  }

  private static void stopWaiting(EntityMemory memory, Context context) {
    if (memory.untilMillis() != 0) {
      context.timerService().deleteProcessingTimeTimer(memory.untilMillis());
    }
  }

  @Override
  public void onTimer(long timeMillis, OnTimerContext context, Collector<DecideInput> out)
      throws Exception {
    EntityMemory memory = memories.value();
    if (memory != null && memory.pool() == null) {
      forgotten.inc();
      memories.clear();
    }
  }
}
