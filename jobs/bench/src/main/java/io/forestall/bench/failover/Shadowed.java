package io.forestall.bench.failover;

import io.forestall.bench.failover.FailoverTrial.Play;
import io.forestall.schemas.CopyRole;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.ShadowStatus;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A volume with an owner, a replica and a shadow to be, while a scenario goes on. */
final class Shadowed {

  /** Where bytes lie that no client writes during the scenario. */
  static final long LOADED_OFFSET = 32L << 20;

  private static final int LOADED_MEBIBYTES = 24;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Scene scene;
  private final Copies copies;
  private final String firstOwner;
  private final String replica;
  private String shadow;

  private Shadowed(Scene scene, String owner, String replica, String shadow) {
    this.scene = scene;
    this.firstOwner = owner;
    this.replica = replica;
    this.shadow = shadow;
    this.copies = new Copies(scene.field(), scene.volume());
  }

  /** A scenario on three nodes, at whose end all copies hold the same. */
  record Scenario(String owner, String replica, String shadow, ShadowScenarios.Deed deed)
      implements Play {

    @Override
    public void createVolume(Field field, String volume) throws Exception {
      field.createVolume(volume, 1, FailoverTrial.SEGMENT_BYTES, owner, List.of(replica));
    }

    @Override
    public void go(Scene scene) throws Exception {
      deed.to(new Shadowed(scene, owner, replica, shadow));
    }

    @Override
    public void end(Scene scene) throws Exception {
      try {
        scene.field().mend();
        scene.note(new Copies(scene.field(), scene.volume()).awaitSame() + " copies are equal");
      } finally {
        scene.field().removeVolume(scene.volume());
      }
    }
  }

  Scene scene() {
    return scene;
  }

  Copies copies() {
    return copies;
  }

  String owner() {
    return scene.owner();
  }

  String shadow() {
    return shadow;
  }

  /** The job has chosen who shall be the shadow. */
  void chosen(String node) {
    shadow = node;
  }

  /** Writes what does not compress, so that there is something to be fetched. */
  void loads() throws Exception {
    Random random = new Random(6);
    try (Clients.Client client = Clients.open(scene.field(), "loader-" + scene.volume())) {
      client.use(scene.volume());
      for (int i = 0; i < LOADED_MEBIBYTES; i++) {
        byte[] piece = new byte[1 << 20];
        random.nextBytes(piece);
        client
            .write(scene.volume(), LOADED_OFFSET + ((long) i << 20), piece)
            .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      }
    }
  }

  /** The map says what the shadow is. */
  void isMapped(CopyState state) throws Exception {
    scene.field().copy(scene.volume(), shadow, CopyRole.SHADOW, state);
  }

  /** The volume is loaded and gets its shadow, which comes to be in sync. */
  void begins() throws Exception {
    loads();
    long beginNanos = System.nanoTime();
    isMapped(CopyState.COPYING);
    awaitStanding("it is in sync", each -> each.getState() == CopyState.IN_SYNC);
    scene.note("in sync after " + Quantiles.number((System.nanoTime() - beginNanos) / 1e6) + " ms");
    isMapped(CopyState.IN_SYNC);
  }

  /** The first standing that is as wanted, of those that are said from now on. */
  ShadowStatus awaitStanding(String what, Predicate<ShadowStatus> wanted) throws Exception {
    try {
      return (ShadowStatus)
          scene
              .field()
              .tape()
              .await(
                  scene.now(),
                  ShadowStatus.class,
                  what,
                  PATIENCE,
                  each -> isOfShadow(each) && wanted.test(each))
              .value();
    } catch (java.util.concurrent.TimeoutException e) {
      ShadowStatus last = last();
      throw new IllegalStateException(
          what + ": not within " + PATIENCE.toSeconds() + " s; the last standing is " + last, e);
    }
  }

  private boolean isOfShadow(ShadowStatus each) {
    return each.getVolume().equals(scene.volume()) && each.getShadow().getId().equals(shadow);
  }

  /** What was said of the shadow since a mark. */
  List<ShadowStatus> said(int mark) {
    return scene.field().tape().since(mark, ShadowStatus.class).stream()
        .filter(this::isOfShadow)
        .toList();
  }

  private @Nullable ShadowStatus last() {
    return said(scene.mark()).stream().reduce((first, second) -> second).orElse(null);
  }

  /** What was said of the shadow last. */
  ShadowStatus standing() {
    ShadowStatus last = last();
    if (last == null) {
      throw new IllegalStateException("nobody has spoken of the shadow yet");
    }
    return last;
  }

  /**
   * After something happened the shadow, whoever is it now, comes to have everything, and what it
   * has is compared with the owner's.
   */
  ShadowStatus awaitInSyncAgain() throws Exception {
    List<String> shadows = copies.of(CopyRole.SHADOW);
    if (shadows.isEmpty()) {
      scene.note("the map has no shadow any more; holders are " + copies.holders());
      return standing();
    }
    shadow = shadows.get(0);
    long millis = System.currentTimeMillis();
    return awaitStanding(
        "it is in sync and verified again",
        each ->
            each.getTimeMillis() > millis
                && each.getState() == CopyState.IN_SYNC
                && each.getVerifiedMillis() != null
                && each.getVerifiedMillis() > millis);
  }

  /** Something is done while the replica is as ill as the owner will be. */
  void asOnlyTarget(Scene.Strike strike) throws Exception {
    scene.pool().ails(replica);
    try {
      strike.now();
    } finally {
      scene.pool().returned(replica);
      scene.pool().returned(firstOwner);
    }
  }

  /** The shadow owns the volume, and who owned it before is the shadow, or is none. */
  void tookOver() throws Exception {
    if (!owner().equals(shadow)) {
      scene.violated(owner() + " took over and not the shadow " + shadow);
    }
    scene.work();
    List<String> shadows = copies.of(CopyRole.SHADOW);
    scene.note("it took over; shadows now " + shadows);
    if (!shadows.isEmpty() && !shadows.get(0).equals(owner())) {
      awaitInSyncAgain();
    }
  }
}
