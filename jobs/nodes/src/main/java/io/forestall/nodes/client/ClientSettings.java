package io.forestall.nodes.client;

/**
 * What a client of volumes is set to. Immutable.
 *
 * @param id the client, as fleet, telemetry and commands name it
 * @param start what tells this start of the process from every other one of this client; requests
 *     are known by it
 * @param answerMillis how long an answer may stay out before the request is sent again;
 *     milliseconds
 * @param busyMillis first pause after BUSY or a refused connection, doubled up to 16 times;
 *     milliseconds
 * @param maxInFlight requests in flight; more wait inside; count
 * @param connectMillis how long a connection may take; milliseconds
 * @param pingMillis how often a node is asked for a sign of life; milliseconds
 * @param silentMillis how long a node may give none, while this process itself runs, before a new
 *     connection is tried: when that fails the node counts as unreachable, when its host takes it
 *     only after five times as long; milliseconds
 * @param compression what writes are compressed by
 * @param telemetryMillis how often latencies are told; milliseconds, 0 for never
 * @param pauseMillis from which length on a time without any answer is told as a pause;
 *     milliseconds
 */
public record ClientSettings(
    String id,
    String start,
    long answerMillis,
    long busyMillis,
    int maxInFlight,
    long connectMillis,
    long pingMillis,
    long silentMillis,
    Compression compression,
    long telemetryMillis,
    long pauseMillis) {

  /** Refuses what cannot work. */
  public ClientSettings {
    if (id.isEmpty() || id.indexOf('/') >= 0 || id.indexOf('@') >= 0) {
      throw new IllegalArgumentException(
          "a client's name is not empty and holds neither / nor @, unlike '" + id + "'");
    }
    if (pingMillis < 1 || silentMillis < 2 * pingMillis || connectMillis < 1) {
      throw new IllegalArgumentException(
          "a node must be allowed to miss a ping: silent after "
              + silentMillis
              + " ms at a ping each "
              + pingMillis
              + " ms");
    }
  }

  /** The shipped settings. */
  public static ClientSettings of(String id, String start) {
    return new ClientSettings(
        id, start, 2000, 3, 512, 400, 100, 1000, Compression.AUTO, 15_000, 100);
  }

  /** The settings with another compression. */
  public ClientSettings compressedBy(Compression codec) {
    return new ClientSettings(
        id,
        start,
        answerMillis,
        busyMillis,
        maxInFlight,
        connectMillis,
        pingMillis,
        silentMillis,
        codec,
        telemetryMillis,
        pauseMillis);
  }

  /**
   * The settings with other reports.
   *
   * @param telemetry how often latencies are told; milliseconds, 0 for never
   * @param pause from which length on a time without any answer is told; milliseconds
   */
  public ClientSettings reporting(long telemetry, long pause) {
    return new ClientSettings(
        id,
        start,
        answerMillis,
        busyMillis,
        maxInFlight,
        connectMillis,
        pingMillis,
        silentMillis,
        compression,
        telemetry,
        pause);
  }

  /** The client with its start, as requests carry it. */
  String client() {
    return id + "/" + start;
  }
}
