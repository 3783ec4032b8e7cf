package io.forestall.operators.alert;

import io.forestall.decisions.alert.Alert;
import io.forestall.wire.AlertJson;
import java.util.List;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.ThreadSafeSimpleCounter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Posts alerts to Alertmanager in the background. It never stops or delays the job: what cannot be
 * posted waits, bounded, while a failure is tried again ever more rarely; what is lost is counted,
 * and told again by the next refresh. No checkpoint waits for it.
 */
public final class AlertmanagerSink implements Sink<Alert> {

  private static final long serialVersionUID = 1L;

  private final AlertSettings settings;

  /** A sink; without an address it takes alerts and tells nobody. */
  public AlertmanagerSink(AlertSettings settings) {
    this.settings = settings;
  }

  @Override
  public SinkWriter<Alert> createWriter(WriterInitContext context) {
    return new Writer(settings, context.metricGroup().addGroup("forestall"));
  }

  /** One thread posts; Flink's only hands over. */
  static final class Writer implements SinkWriter<Alert> {

    static final int CAPACITY = 10_000;
    static final int BATCH = 200;

    private static final Logger LOG = LoggerFactory.getLogger(AlertmanagerSink.class);
    private static final long FIRST_PAUSE_MILLIS = 500;
    private static final long LONGEST_PAUSE_MILLIS = 30_000;
    private static final long END_PATIENCE_MILLIS = 2_000;

    private final AlertQueue queue = new AlertQueue(CAPACITY);
    private final AlertmanagerClient client;
    private final boolean on;
    private final Thread thread;
    private final Counter sent;
    private final Counter failedPosts;
    private final Counter dropped;
    private volatile boolean reachable = true;

    Writer(AlertSettings settings, MetricGroup metrics) {
      this.client = new AlertmanagerClient(settings.addresses(), settings.tokenFile());
      this.on = !settings.addresses().isEmpty();
      this.sent = metrics.counter("alertsSent", new ThreadSafeSimpleCounter());
      this.failedPosts = metrics.counter("alertPostsFailed", new ThreadSafeSimpleCounter());
      this.dropped = metrics.counter("alertsDropped", new ThreadSafeSimpleCounter());
      metrics.gauge("alertsWaiting", queue::size);
      metrics.gauge("alertmanagerUnreachable", () -> on && !reachable ? 1 : 0);
      this.thread = new Thread(this::run, "forestall-alerts");
      thread.setDaemon(true);
      if (on) {
        thread.start();
      }
    }

    @Override
    public void write(Alert alert, Context context) {
      if (on) {
        dropped.inc(queue.add(alert));
      }
    }

    @Override
    public void flush(boolean endOfInput) {
      // Nothing waits for Alertmanager: what a failure loses is told again by the next refresh.
    }

    @Override
    public void close() throws InterruptedException {
      queue.close();
      if (on) {
        thread.join(END_PATIENCE_MILLIS);
        thread.interrupt();
      }
    }

    private void run() {
      long pauseMillis = 0;
      try {
        while (true) {
          List<Alert> batch = queue.take(BATCH);
          if (batch.isEmpty()) {
            return;
          }
          AlertmanagerClient.Outcome outcome = client.post(AlertJson.body(batch));
          if (outcome instanceof AlertmanagerClient.Outcome.Taken) {
            if (!reachable) {
              LOG.info("alertmanager is reached again");
            }
            reachable = true;
            pauseMillis = 0;
            sent.inc(batch.size());
          } else if (outcome instanceof AlertmanagerClient.Outcome.Refused refused) {
            // The same again would be refused again; alone, only the bad ones are lost.
            failedPosts.inc();
            reachable = true;
            one(batch, refused.sentence());
          } else if (outcome instanceof AlertmanagerClient.Outcome.Unreachable unreachable) {
            failedPosts.inc();
            if (reachable) {
              LOG.warn(
                  "alertmanager is not reached: {}; trying again, {} alerts wait",
                  unreachable.sentence(),
                  batch.size() + queue.size());
            }
            reachable = false;
            if (queue.closed()) {
              return;
            }
            dropped.inc(queue.putBack(batch, System.currentTimeMillis()));
            pauseMillis =
                Math.min(LONGEST_PAUSE_MILLIS, Math.max(FIRST_PAUSE_MILLIS, 2 * pauseMillis));
            queue.pause(pauseMillis);
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (RuntimeException e) {
        // A defect of ours; the job goes on, and the gauge says that nobody is told.
        reachable = false;
        LOG.error("nobody is told of incidents any more, until the job is restarted", e);
      }
    }

    private void one(List<Alert> batch, String sentence) {
      if (batch.size() == 1) {
        dropped.inc();
        LOG.warn("an alert is refused: {}: {}", sentence, batch.get(0).labels());
        return;
      }
      for (Alert alert : batch) {
        List<Alert> alone = List.of(alert);
        AlertmanagerClient.Outcome outcome = client.post(AlertJson.body(alone));
        if (outcome instanceof AlertmanagerClient.Outcome.Taken) {
          sent.inc();
        } else if (outcome instanceof AlertmanagerClient.Outcome.Refused refused) {
          one(alone, refused.sentence());
        } else {
          dropped.inc(queue.putBack(alone, System.currentTimeMillis()));
        }
      }
    }
  }
}
