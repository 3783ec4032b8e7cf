package io.forestall.app.operate;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Acts as a test says they are. */
public final class TestingActLookup implements ActLookup {
  /** Proposals by identifier. */
  public final Map<String, Found> proposals = new HashMap<>();

  /** Admissions by identifier. */
  public final Map<String, Found> admissions = new HashMap<>();

  @Override
  public @Nullable Found proposal(String id) {
    return proposals.get(id);
  }

  @Override
  public @Nullable Found admission(String id) {
    return admissions.get(id);
  }
}
