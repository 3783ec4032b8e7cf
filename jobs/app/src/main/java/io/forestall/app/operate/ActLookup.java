package io.forestall.app.operate;

import org.jspecify.annotations.Nullable;

/** Looks up what an operator names. */
public interface ActLookup {

  /**
   * What is known of a proposal or an admission.
   *
   * @param title it in a few words
   * @param pool its pool
   * @param expiresMillis after this it is void; milliseconds since 1970-01-01 UTC
   * @param state newest outcome or state in words, null when there is none yet
   * @param over true when nothing that is said about it can change it any more
   */
  record Found(
      String title, String pool, long expiresMillis, @Nullable String state, boolean over) {}

  /** The proposal of this identifier, null when none is known. */
  @Nullable Found proposal(String id);

  /** The admission of this identifier, null when none is known. */
  @Nullable Found admission(String id);
}
