package io.forestall.app.console;

import io.forestall.schemas.EntityKind;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.Tier;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A question for the list of risks: filters, order, page. Immutable.
 *
 * @param kind only this kind, null for all
 * @param tiers only these tiers, empty for all
 * @param mode only entities with this failure mode among their reasons or above a hundredth of
 *     probability, null for all
 * @param region only this region, null for all
 * @param zone only this zone, null for all
 * @param rack only this rack, null for all
 * @param node only this node, null for all
 * @param contains only identifiers that contain this text in any case, null for all
 * @param minScore only scores of at least this many points, 0 to 100; NaN for all, also those never
 *     scored
 * @param sort order
 * @param descending largest first
 * @param offset entries to skip
 * @param limit entries to give at most, 1 to {@value #MAX_LIMIT}
 */
record RiskQuery(
    @Nullable EntityKind kind,
    Set<Tier> tiers,
    @Nullable FailureMode mode,
    @Nullable String region,
    @Nullable String zone,
    @Nullable String rack,
    @Nullable String node,
    @Nullable String contains,
    double minScore,
    Sort sort,
    boolean descending,
    int offset,
    int limit) {

  static final int MAX_LIMIT = 1000;
  static final int DEFAULT_LIMIT = 100;

  /** What a list can be ordered by; equal entries stand in the order of their identifiers. */
  enum Sort {
    SCORE(Comparator.comparingDouble(e -> e.score() == null ? -1 : e.score().score())),
    PROBABILITY(Comparator.comparingDouble(e -> e.score() == null ? -1 : e.score().probability())),
    CONFIDENCE(Comparator.comparingDouble(e -> e.score() == null ? -1 : e.score().confidence())),
    TIME(
        Comparator.comparingLong(e -> e.score() == null ? Long.MIN_VALUE : e.score().timeMillis())),
    SINCE(
        Comparator.comparingLong(
            e -> e.score() == null ? Long.MIN_VALUE : e.score().tierSinceMillis())),
    RACK(Comparator.comparing(EntityRisk::rack)),
    NODE(Comparator.comparing(EntityRisk::node)),
    ID(Comparator.comparing(EntityRisk::id));

    private final Comparator<EntityRisk> order;

    Sort(Comparator<EntityRisk> order) {
      this.order = order;
    }
  }

  /** Everything, highest score first. */
  static RiskQuery all(int limit) {
    return new RiskQuery(
        null, Set.of(), null, null, null, null, null, null, Double.NaN, Sort.SCORE, true, 0, limit);
  }

  /**
   * Reads the parameters of a request.
   *
   * @throws IllegalArgumentException with a sentence for the caller when one is unknown or out of
   *     range
   */
  static RiskQuery parse(Map<String, String> parameters) {
    @Nullable EntityKind kind = null;
    Set<Tier> tiers = EnumSet.noneOf(Tier.class);
    @Nullable FailureMode mode = null;
    @Nullable String region = null;
    @Nullable String zone = null;
    @Nullable String rack = null;
    @Nullable String node = null;
    @Nullable String contains = null;
    double minScore = Double.NaN;
    Sort sort = Sort.SCORE;
    @Nullable Boolean descending = null;
    int offset = 0;
    int limit = DEFAULT_LIMIT;
    for (Map.Entry<String, String> parameter : parameters.entrySet()) {
      String value = parameter.getValue();
      switch (parameter.getKey()) {
        case "kind" -> kind = oneOf(EntityKind.class, "kind", value);
        case "tier" -> {
          for (String tier : value.split(",", -1)) {
            tiers.add(oneOf(Tier.class, "tier", tier));
          }
        }
        case "mode" -> mode = oneOf(FailureMode.class, "mode", value);
        case "region" -> region = value;
        case "zone" -> zone = value;
        case "rack" -> rack = value;
        case "node" -> node = value;
        case "q" -> contains = value.toLowerCase(Locale.ROOT);
        case "minScore" -> minScore = number("minScore", value, 0, 100);
        case "sort" -> sort = oneOf(Sort.class, "sort", value);
        case "order" -> {
          switch (value) {
            case "asc" -> descending = false;
            case "desc" -> descending = true;
            default -> throw new IllegalArgumentException("order must be asc or desc");
          }
        }
        case "offset" -> offset = (int) number("offset", value, 0, 10_000_000);
        case "limit" -> limit = (int) number("limit", value, 1, MAX_LIMIT);
        default ->
            throw new IllegalArgumentException(
                "unknown parameter "
                    + parameter.getKey()
                    + "; known are kind, tier, mode, region, zone, rack, node, q, minScore, sort,"
                    + " order, offset, limit");
      }
    }
    if (descending == null) {
      descending = !(sort == Sort.ID || sort == Sort.RACK || sort == Sort.NODE);
    }
    return new RiskQuery(
        kind,
        Set.copyOf(tiers),
        mode,
        region,
        zone,
        rack,
        node,
        contains,
        minScore,
        sort,
        descending,
        offset,
        limit);
  }

  boolean matches(Slot slot) {
    // The cheap questions first: this runs for every entity of the fleet.
    return (kind == null || slot.kind == kind)
        && (tiers.isEmpty() || tiers.contains(slot.tier()))
        && (Double.isNaN(minScore) || (slot.score != null && slot.score.score() >= minScore))
        && (!narrows() || placed(slot.snapshot()))
        && (contains == null || slot.id.toLowerCase(Locale.ROOT).contains(contains))
        && (mode == null || has(slot, mode));
  }

  /** Whether it asks for a place. */
  boolean narrows() {
    return region != null || zone != null || rack != null || node != null;
  }

  /** Whether the entity stands where it asks. */
  boolean placed(EntityRisk entity) {
    EntityRisk.Placement placement = entity.placement();
    return (region == null || region.equals(placement == null ? "" : placement.region()))
        && (zone == null || zone.equals(placement == null ? "" : placement.zone()))
        && (rack == null || rack.equals(entity.rack()))
        && (node == null || node.equals(entity.node()));
  }

  private static boolean has(Slot slot, FailureMode mode) {
    EntityRisk.Score score = slot.score;
    if (score == null) {
      return false;
    }
    for (ModeRisk risk : score.modes()) {
      if (risk.getMode() == mode
          && (risk.getProbability() >= 0.01 || !risk.getReasons().isEmpty())) {
        return true;
      }
    }
    return false;
  }

  Comparator<EntityRisk> order() {
    Comparator<EntityRisk> first = descending ? sort.order.reversed() : sort.order;
    return first.thenComparing(EntityRisk::id).thenComparing(EntityRisk::kind);
  }

  private static double number(String name, String value, double min, double max) {
    double number;
    try {
      number = Double.parseDouble(value);
    } catch (NumberFormatException e) {
      number = Double.NaN;
    }
    if (!(number >= min && number <= max)) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be a number from %.0f to %.0f", name, min, max));
    }
    return number;
  }

  private static <E extends Enum<E>> E oneOf(Class<E> type, String name, String value) {
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equalsIgnoreCase(value)) {
        return constant;
      }
    }
    StringBuilder known = new StringBuilder();
    for (E constant : type.getEnumConstants()) {
      known.append(known.isEmpty() ? "" : ", ").append(constant.name().toLowerCase(Locale.ROOT));
    }
    throw new IllegalArgumentException(name + " must be one of " + known);
  }
}
