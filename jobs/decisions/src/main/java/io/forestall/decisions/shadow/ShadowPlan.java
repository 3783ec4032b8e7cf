package io.forestall.decisions.shadow;

import io.forestall.decisions.Subject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Decides for one unit whether it needs a shadow, and which one it can do without (E3, G9). What
 * counts is the set of its copies, not one node. Pure.
 *
 * <p>A unit needs a shadow when, of its copies in sync and the shadows that are being built,
 *
 * <ol>
 *   <li>there are fewer than its minimum;
 *   <li>none stands in another region, and its volume asks for one;
 *   <li>fewer than the minimum are left without the nodes that will be in maintenance soon;
 *   <li>fewer than the minimum are left without the nodes at risk; or all may fail together with a
 *       probability above the limit, those in maintenance soon left out.
 * </ol>
 *
 * <p>A shadow can go when none of that holds without it, by the lower limit, and when enough copies
 * in sync are left on nodes that are heard of: silence is not health. While the owner itself is at
 * risk or about to be maintained, no sound shadow goes. Both wait for their dwell, the longer for
 * going. Any copy may be at risk, a shadow too: it then counts for nothing, another is built, and
 * it goes once that one is in sync.
 */
public final class ShadowPlan {

  private ShadowPlan() {}

  /** Why a unit needs a shadow; the first that holds. The constants are kept in rows. */
  public enum Why {
    /** Copies are missing. */
    FEW_COPIES,
    /** The volume asks for a copy in another region and has none. */
    OTHER_REGION,
    /** Maintenance will take copies away. */
    MAINTENANCE,
    /** Copies are at risk. */
    RISK
  }

  /**
   * A copy on a node that is there.
   *
   * @param shadow true for a shadow
   * @param inSync false while it is built, or when it lost touch
   * @param risky true when its node is at risk: it once was and is not yet well again
   * @param leaving true when its node is in maintenance or will be soon
   * @param heard false when its node is silent
   * @param probability that its node fails within the horizon, 0 to 1
   */
  public record Copy(
      Subject node,
      boolean shadow,
      boolean inSync,
      boolean risky,
      boolean leaving,
      boolean heard,
      double probability,
      String rack,
      String zone,
      String region) {}

  /**
   * A unit and its copies.
   *
   * @param ownerRegion region of the owner, empty when unknown
   * @param otherRegion true when its volume asks for a copy in another region
   */
  public record Unit(
      String unit,
      Subject owner,
      String ownerRegion,
      int minReplicas,
      boolean otherRegion,
      List<Copy> copies) {
    /** Copies the list. */
    public Unit {
      copies = List.copyOf(copies);
    }
  }

  /** The probability that all of some copies fail within the horizon. */
  public interface SetRisk {
    /** Of these; of none, 1. */
    double of(Collection<Copy> copies);
  }

  /**
   * What a unit needs.
   *
   * @param worry the node because of which
   * @param risk that all copies that count and stay fail within the horizon, 0 to 1
   * @param text why, a sentence
   */
  public record Need(Why why, Subject worry, double risk, String text) {}

  /**
   * A shadow that a unit can do without.
   *
   * @param risk that all other copies in sync fail within the horizon, 0 to 1
   * @param text why, a sentence
   */
  public record Spare(Subject shadow, double risk, String text) {}

  /**
   * What a unit needs now.
   *
   * @param standing true when it needed one before: the lower limit holds
   * @return null when it needs none, or has as many as it may have
   */
  public static @Nullable Need need(
      Unit unit, boolean standing, SetRisk setRisk, ShadowPolicy policy) {
    int shadows = 0;
    List<Copy> counting = new ArrayList<>();
    for (Copy copy : unit.copies()) {
      shadows += copy.shadow() ? 1 : 0;
      if (copy.inSync() || copy.shadow()) {
        counting.add(copy);
      }
    }
    if (shadows >= policy.shadowsPerUnit()) {
      return null;
    }
    return need(unit, counting, standing, setRisk, policy);
  }

  private static @Nullable Need need(
      Unit unit, List<Copy> counting, boolean standing, SetRisk setRisk, ShadowPolicy policy) {
    int minimum = Math.max(1, unit.minReplicas());
    List<Copy> staying = counting.stream().filter(copy -> !copy.leaving()).toList();
    double risk = setRisk.of(staying);
    if (counting.size() < minimum) {
      return new Need(
          Why.FEW_COPIES,
          unit.owner(),
          risk,
          String.format(
              Locale.ROOT,
              "%s has %d of at least %d copies.",
              unit.unit(),
              counting.size(),
              minimum));
    }
    if (unit.otherRegion() && !hasOtherRegion(unit, counting)) {
      return new Need(
          Why.OTHER_REGION,
          unit.owner(),
          risk,
          unit.unit() + " asks for a copy outside of region " + unit.ownerRegion() + ".");
    }
    if (staying.size() < minimum) {
      Copy leaving = counting.stream().filter(Copy::leaving).min(worst(unit)).orElseThrow();
      return new Need(
          Why.MAINTENANCE,
          leaving.node(),
          risk,
          String.format(
              Locale.ROOT,
              "Maintenance of %s leaves %s %d of at least %d copies.",
              leaving.node(),
              unit.unit(),
              staying.size(),
              minimum));
    }
    List<Copy> sound = staying.stream().filter(copy -> !copy.risky()).toList();
    if (sound.size() < minimum) {
      Copy worst = staying.stream().filter(Copy::risky).min(worst(unit)).orElseThrow();
      return new Need(
          Why.RISK,
          worst.node(),
          risk,
          String.format(
              Locale.ROOT,
              "%d of the %d copies of %s that count are on nodes that are not at risk, at least %d"
                  + " shall be; %s fails with probability %.2g.",
              sound.size(),
              staying.size(),
              unit.unit(),
              minimum,
              worst.node(),
              worst.probability()));
    }
    double limit = standing ? policy.exitRisk() : policy.enterRisk();
    if (risk >= limit) {
      Copy worst = staying.stream().min(worst(unit)).orElseThrow();
      return new Need(
          Why.RISK,
          worst.node(),
          risk,
          String.format(
              Locale.ROOT,
              "All %d copies of %s fail with probability %.2g, limit %.2g.",
              staying.size(),
              unit.unit(),
              risk,
              limit));
    }
    return null;
  }

  /** The shadow that a unit can do without, the worst of them; null when it needs all. */
  public static @Nullable Spare spare(Unit unit, SetRisk setRisk, ShadowPolicy policy) {
    List<Copy> shadows = new ArrayList<>();
    for (Copy copy : unit.copies()) {
      if (copy.shadow()) {
        shadows.add(copy);
      }
    }
    shadows.sort(
        Comparator.comparing((Copy copy) -> !copy.leaving() && !copy.risky())
            .thenComparing(Copy::inSync)
            .thenComparing(worst(unit)));
    boolean ownerIsSound = true;
    for (Copy copy : unit.copies()) {
      if (copy.node().equals(unit.owner())) {
        ownerIsSound = !copy.risky() && !copy.leaving();
      }
    }
    for (Copy shadow : shadows) {
      if (!ownerIsSound && !shadow.risky() && !shadow.leaving()) {
        // somebody may be about to switch over to it
        continue;
      }
      List<Copy> left = new ArrayList<>();
      List<Copy> heard = new ArrayList<>();
      for (Copy copy : unit.copies()) {
        if (copy.inSync() && !copy.node().equals(shadow.node())) {
          left.add(copy);
          if (copy.heard()) {
            heard.add(copy);
          }
        }
      }
      // a copy that nobody hears of is none to rely on, but its loss would be felt
      boolean enough = need(unit, heard, true, setRisk, policy) == null;
      double risk = setRisk.of(left);
      if (enough) {
        return new Spare(
            shadow.node(),
            risk,
            String.format(
                Locale.ROOT,
                "%s has %d other copies in sync, which all fail with probability %.2g.",
                unit.unit(),
                left.size(),
                risk));
      }
    }
    return null;
  }

  private static boolean hasOtherRegion(Unit unit, List<Copy> copies) {
    for (Copy copy : copies) {
      if (!copy.region().equals(unit.ownerRegion())) {
        return true;
      }
    }
    return false;
  }

  /** The likeliest to fail first; of equals the owner, then by name. */
  private static Comparator<Copy> worst(Unit unit) {
    return Comparator.comparingDouble(Copy::probability)
        .reversed()
        .thenComparing(copy -> !copy.node().equals(unit.owner()))
        .thenComparing(copy -> copy.node().toString());
  }

  /**
   * When a node that fails with this probability within the horizon will have failed as likely as
   * not, at a constant rate; milliseconds.
   *
   * @return {@code Long.MAX_VALUE} when it will not
   */
  public static long medianMillis(double probability, long horizonMillis) {
    if (probability <= 0) {
      return Long.MAX_VALUE;
    }
    if (probability >= 1) {
      return 0;
    }
    double millis = horizonMillis * Math.log(0.5) / Math.log1p(-probability);
    return millis >= Long.MAX_VALUE ? Long.MAX_VALUE : (long) millis;
  }

  /**
   * What a unit asks for and since when. Immutable.
   *
   * @param why why it needs a shadow, null when it needs none
   * @param worry the node because of which, null when it needs none
   * @param neededSinceMillis since when it needs one without a pause, 0 when it does not
   * @param spare the shadow that it can do without, null when it needs all
   * @param spareSinceMillis since when it can do without that one, 0 when it cannot
   */
  public record Standing(
      @Nullable Why why,
      @Nullable Subject worry,
      long neededSinceMillis,
      @Nullable Subject spare,
      long spareSinceMillis) {

    /** Nothing is asked for. */
    public static final Standing NOTHING = new Standing(null, null, 0, null, 0);

    /** What it is after another look. */
    public Standing after(@Nullable Need need, @Nullable Spare can, long nowMillis) {
      Subject shadow = can == null ? null : can.shadow();
      return new Standing(
          need == null ? null : need.why(),
          need == null ? null : need.worry(),
          need == null ? 0 : why == null ? Math.max(1, nowMillis) : neededSinceMillis,
          shadow,
          shadow == null ? 0 : shadow.equals(spare) ? spareSinceMillis : Math.max(1, nowMillis));
    }

    /** What it is once an act did what was asked: what is still asked for begins anew. */
    public Standing served(long nowMillis) {
      return new Standing(
          why,
          worry,
          why == null ? 0 : Math.max(1, nowMillis),
          spare,
          spare == null ? 0 : Math.max(1, nowMillis));
    }

    /** True when it has needed a shadow for long enough. */
    public boolean wants(long nowMillis, ShadowPolicy policy) {
      return why != null && nowMillis - neededSinceMillis >= policy.enterDwellMillis();
    }

    /** True when it has done without its spare for long enough. */
    public boolean releases(long nowMillis, ShadowPolicy policy) {
      return spare != null && nowMillis - spareSinceMillis >= policy.exitDwellMillis();
    }

    /** When one of both becomes true, {@code Long.MAX_VALUE} when that is past or never. */
    public long dueMillis(long nowMillis, ShadowPolicy policy) {
      long due = Long.MAX_VALUE;
      if (why != null && !wants(nowMillis, policy)) {
        due = neededSinceMillis + policy.enterDwellMillis();
      }
      if (spare != null && !releases(nowMillis, policy)) {
        due = Math.min(due, spareSinceMillis + policy.exitDwellMillis());
      }
      return due;
    }

    /** True when nothing is asked for. */
    public boolean isNothing() {
      return Objects.equals(this, NOTHING);
    }
  }
}
