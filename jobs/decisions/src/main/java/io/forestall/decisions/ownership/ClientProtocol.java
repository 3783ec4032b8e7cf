package io.forestall.decisions.ownership;

import io.forestall.decisions.Subject;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The client's side of the ownership protocol (C5, D3): sends each request to the unit's owner,
 * corrects its map when told that it is wrong, asks again under the same request number when a
 * connection ends or an answer stays out, and keeps nothing but the map. A write whose outcome is
 * unknown stays open until an owner knows it: it is never an error. Pure; the simulator and the
 * volume client run this same class. For one thread.
 */
public final class ClientProtocol {

  /**
   * What it is set to.
   *
   * @param client the client with the number of its start, for example {@code c-1/17}
   * @param answerMillis how long an answer may stay out before the request is sent again;
   *     milliseconds
   * @param busyMillis first pause after BUSY or a refused connection, doubled up to 16 times;
   *     milliseconds
   * @param maxInFlight requests in flight; more wait inside; count
   */
  public record Settings(String client, long answerMillis, long busyMillis, int maxInFlight) {}

  /** A client that knows nothing yet. */
  public ClientProtocol(Settings settings, ClientActions actions) {
    throw new UnsupportedOperationException("not built yet");
  }

  /**
   * A request of a user. Its number is given by the client.
   *
   * @param token handle that comes back with the completion
   * @return the number of the request
   */
  public long submit(
      long token,
      String unit,
      NodeRequest.Kind kind,
      long offset,
      long length,
      String codec,
      byte[] payload,
      int encodedCrc,
      int plainCrc,
      long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** A record of the ownership log, or of a map: who owns a unit. Older epochs change nothing. */
  public void learned(Owned owned, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** A node answered. */
  public void answered(Subject node, NodeAnswer answer, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** The connection to a node ended, or could not be opened: what was sent there is open again. */
  public void lost(Subject node, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** The saga says who will be the owner soon (C4): a hint, believed only so far as to connect. */
  public void hinted(Subject node, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** Does what is due. */
  public void tick(long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** When {@link #tick} must be called next; Long.MAX_VALUE when never. */
  public long alarmMillis() {
    throw new UnsupportedOperationException("not built yet");
  }

  /** Requests that are open. */
  public int open() {
    throw new UnsupportedOperationException("not built yet");
  }

  /** Owners as this client knows them, by unit. */
  public Map<String, Owned> map() {
    throw new UnsupportedOperationException("not built yet");
  }

  /** When the oldest open request was submitted, null when none is open: a pause that lasts. */
  public @Nullable Long oldestOpenMillis() {
    throw new UnsupportedOperationException("not built yet");
  }
}
