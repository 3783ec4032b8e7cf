package io.forestall.app.console;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The console with a made-up fleet and no Kafka, for work on the page. Arguments: port, disks,
 * milliseconds per day.
 */
public final class TestingConsole {
  private TestingConsole() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    int port = args.length > 0 ? Integer.parseInt(args[0]) : ConsoleServer.Options.DEFAULT_PORT;
    int disks = args.length > 1 ? Integer.parseInt(args[1]) : 13_601;
    long millisPerDay = args.length > 2 ? Long.parseLong(args[2]) : 0;
    FleetView view = new FleetView();
    TestingFleet fleet = new TestingFleet(view, disks, 7);
    for (int day = 0; day < 40; day++) {
      fleet.nextDay();
    }
    ConsoleServer server =
        ConsoleServer.start(
            new ConsoleServer.Options("127.0.0.1", port, Set.of()),
            view,
            () -> FleetFeed.Progress.DONE);
    System.out.println(server.url());
    if (millisPerDay > 0) {
      Executors.newSingleThreadScheduledExecutor()
          .scheduleAtFixedRate(fleet::nextDay, millisPerDay, millisPerDay, TimeUnit.MILLISECONDS);
    }
    new CountDownLatch(1).await();
  }
}
