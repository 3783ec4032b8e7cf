package io.forestall.bench.failover;

import io.forestall.app.KafkaOptions;
import io.forestall.app.ingest.FaultFile;
import io.forestall.app.ingest.SimulatedFeed;
import io.forestall.app.ingest.StopSignal;
import io.forestall.app.runtime.Await;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.SyntheticPlacement;
import io.forestall.nodes.TelemetryPublisher;
import io.forestall.sim.Fault;
import io.forestall.sim.FaultKind;
import io.forestall.sim.SimulatedFleet;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The machines on which the trial's nodes stand: a simulated fleet tells of them and of their
 * disks, as in the demo, and has no faults but those that are planted. How likely they fail is for
 * the sense job to find. Not thread-safe.
 */
final class Machines implements AutoCloseable {

  /** So many racks, with one node of the trial in each. */
  private static final int RACKS = 4;

  private static final int FLEET_NODES = RACKS * SyntheticPlacement.NODES_PER_RACK;
  private static final int DISKS_PER_NODE = 24;

  /** Time between two reports; milliseconds. */
  private static final long EVERY_MILLIS = 2_000;

  /** How long before the present machines begin to report, and how often then; milliseconds. */
  private static final long WARM_UP_MILLIS = Duration.ofHours(3).toMillis();

  private static final long WARM_UP_STEP_MILLIS = 30_000;

  /** SMART attributes are read so often in the present; milliseconds. */
  private static final long SMART_EVERY_MILLIS = 10_000;

  /** A planted fault comes to its full extent within; milliseconds. */
  private static final long FAULT_MILLIS = 20_000;

  /** A history takes a busy machine long to tell, and to score. */
  static final Duration PATIENCE = Duration.ofMinutes(6);

  private final SimulatedFleet.Options fleet;
  private final FaultFile faults;
  private final StopSignal stop = new StopSignal();
  private final CountDownLatch atPresent = new CountDownLatch(1);
  private final Thread feed;
  private volatile @Nullable Throwable failure;

  private Machines(KafkaOptions kafka, Path folder) {
    faults = new FaultFile(folder);
    Path position = folder.resolve("position");
    SimulatedFeed.Options demo = SimulatedFeed.Options.demo(System.currentTimeMillis(), position);
    // Nothing fails by itself.
    fleet =
        new SimulatedFleet.Options(
            demo.fleet().seed(),
            FLEET_NODES,
            DISKS_PER_NODE,
            demo.fleet().startMillis(),
            demo.fleet().stepMillis(),
            0);
    SimulatedFeed simulated =
        new SimulatedFeed(
            new SimulatedFeed.Options(
                fleet,
                demo.stepEveryMillis(),
                demo.steps(),
                position,
                new SimulatedFeed.Live(
                    WARM_UP_MILLIS,
                    WARM_UP_STEP_MILLIS,
                    EVERY_MILLIS,
                    SMART_EVERY_MILLIS,
                    Long.MAX_VALUE,
                    1)),
            progress -> {},
            System::currentTimeMillis,
            line -> {},
            atPresent::countDown);
    feed =
        new Thread(
            () -> {
              try (TelemetryPublisher publisher =
                  TelemetryPublisher.open(kafka.clientProperties(), kafka.topicPrefix())) {
                var unused = simulated.run(publisher, stop);
              } catch (Exception e) {
                failure = e;
              }
            },
            "machines");
    feed.setDaemon(true);
  }

  /** Starts to tell of them: first their history, then the present. */
  static Machines start(KafkaOptions kafka, Path folder) throws Exception {
    Machines machines = new Machines(kafka, Files.createDirectories(folder));
    machines.feed.start();
    return machines;
  }

  /** Where the node of a rack stands, counted from 0. */
  static Place place(int rack) {
    return SyntheticPlacement.ofNodes(FLEET_NODES).nodeAt(rack * SyntheticPlacement.NODES_PER_RACK);
  }

  /** Where the trial's nodes stand, each in a rack of its own. */
  static List<Place> places() {
    List<Place> places = new ArrayList<>();
    for (int i = 0; i < RACKS; i++) {
      places.add(place(i));
    }
    return places;
  }

  /** Waits until their history is told and they live in the present. */
  void awaitPresent() throws Exception {
    Await.until(
        PATIENCE,
        "the machines come to the present",
        () -> {
          Throwable failed = failure;
          if (failed != null) {
            throw new IllegalStateException("the machines are told of no more", failed);
          }
          return atPresent.getCount() == 0;
        },
        IllegalStateException.class);
  }

  /** The disks of a node. */
  List<Subject> disks(String node) {
    List<Subject> disks = new ArrayList<>();
    for (FleetMember each : new SimulatedFleet(fleet).next().joined()) {
      if (each.subject().kind() == Subject.Kind.DISK && each.place().node().equals(node)) {
        disks.add(each.subject());
      }
    }
    return disks;
  }

  /** From now on these disks are dying, and soon they are as bad as it gets. */
  void die(List<Subject> disks) throws Exception {
    long nowMillis = System.currentTimeMillis();
    String written =
        faults.change(
            before -> {
              List<Fault> after = new ArrayList<>(before);
              for (Subject disk : disks) {
                after.add(
                    new Fault(
                        "f-" + (after.size() + 1),
                        FaultKind.DYING_DISK,
                        disk.toString(),
                        nowMillis,
                        nowMillis + FAULT_MILLIS,
                        1));
              }
              return after;
            });
    Await.until(PATIENCE, "the faults of " + disks + " are planted", () -> faults.isTaken(written));
  }

  @Override
  public void close() throws InterruptedException {
    stop.stop();
    feed.join(TimeUnit.SECONDS.toMillis(20));
  }
}
