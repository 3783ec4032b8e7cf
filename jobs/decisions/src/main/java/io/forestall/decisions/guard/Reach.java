package io.forestall.decisions.guard;

import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Every scope of a policy that covers one thing, with how narrow it is: the narrowest wins (G1, G2,
 * G12). Immutable.
 */
public final class Reach {

  /** How narrow {@code all} is. */
  public static final int ALL = 0;

  /** How narrow a failure zone is, or a region. */
  public static final int ZONE = 1;

  /** How narrow a pool is. */
  public static final int POOL = 2;

  /** How narrow a rack is. */
  public static final int RACK = 3;

  /** How narrow the node is on which a thing stands. */
  public static final int HOST = 4;

  /** How narrow the thing itself is. */
  public static final int ENTITY = 5;

  /** What no policy covers. */
  static final Reach NOTHING = new Reach();

  private final Map<String, Integer> narrowness = new LinkedHashMap<>();

  private Reach() {}

  /**
   * The scopes of a thing.
   *
   * @param entity the thing, null for a pool as a whole
   * @param place where it stands, null when unknown
   * @param pool pool whose rules apply
   */
  public static Reach of(@Nullable Subject entity, @Nullable Place place, String pool) {
    Reach reach = new Reach();
    reach.add("all", ALL);
    if (!pool.isEmpty()) {
      reach.add("pool/" + pool, POOL);
    }
    if (place != null) {
      reach.addNamed("region/", place.region(), ZONE);
      reach.addNamed("zone/", place.zone(), ZONE);
      reach.addNamed("rack/", place.rack(), RACK);
      reach.addNamed("node/", place.node(), HOST);
    }
    if (entity != null) {
      reach.add(entity.toString(), ENTITY);
    }
    return reach;
  }

  private void addNamed(String prefix, String name, int rank) {
    if (!name.isEmpty()) {
      add(prefix + name, rank);
    }
  }

  private void add(String scope, int rank) {
    narrowness.merge(scope, rank, Math::max);
  }

  /** How narrowly the scope covers the thing; -1 when it does not. */
  public int narrowness(String scope) {
    Integer rank = narrowness.get(scope);
    return rank == null ? -1 : rank;
  }

  /** The scopes that cover the thing, the widest first. */
  public Set<String> scopes() {
    return Collections.unmodifiableSet(narrowness.keySet());
  }
}
