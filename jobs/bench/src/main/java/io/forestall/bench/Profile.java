package io.forestall.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Where the time of this process goes: CPU by thread, and what task threads are doing, by samples
 * of their stacks. A sample is only taken where the virtual machine can stop, so shares of a few
 * per cent are rough. Used by one thread.
 */
final class Profile implements AutoCloseable {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Map<Long, Long> startNanos = new HashMap<>();
  private final Map<String, Integer> doing = new TreeMap<>();
  private final Thread sampler;
  private int samples;
  private volatile boolean done;

  Profile() {
    for (long id : THREADS.getAllThreadIds()) {
      startNanos.put(id, THREADS.getThreadCpuTime(id));
    }
    sampler = new Thread(this::sample, "profile");
    sampler.setDaemon(true);
    sampler.start();
  }

  private void sample() {
    while (!done) {
      Thread.getAllStackTraces()
          .forEach(
              (thread, stack) -> {
                if (thread.getState() == Thread.State.RUNNABLE
                    && task(thread.getName())
                    && stack.length > 0
                    && !stack[0].getClassName().startsWith("sun.nio.ch.EPoll")) {
                  String what = what(stack);
                  if (!what.isEmpty()) {
                    doing.merge(what, 1, Integer::sum);
                    samples++;
                  }
                }
              });
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }

  private static boolean task(String name) {
    return name.matches(".*\\(\\d+/\\d+\\)#\\d+.*");
  }

  /** The operator that a stack is in, and what it does there. */
  private static String what(StackTraceElement[] stack) {
    String part = "";
    String operator = "";
    for (StackTraceElement frame : stack) {
      String type = frame.getClassName();
      String simple = type.substring(type.lastIndexOf('.') + 1);
      if (part.isEmpty()) {
        if (type.startsWith("org.rocksdb.")) {
          part = "RocksDB";
        } else if (type.contains("InternalTimerService") || type.contains("PriorityQueueSet")) {
          part = "timers";
        } else if (type.startsWith("io.forestall.risk.")) {
          part = "engine";
        } else if (type.startsWith("io.forestall.decisions.")) {
          part = "decider";
        } else if (type.startsWith("io.forestall.operators.correlate.EventFormat")) {
          part = "codec";
        } else if (type.startsWith("io.forestall.operators.types.")
            || type.startsWith("io.forestall.wire.AvroCodec")) {
          part = "codec";
        } else if (type.startsWith("org.apache.flink.runtime.io.network.")
            || type.startsWith("org.apache.flink.streaming.runtime.io.RecordWriterOutput")) {
          part = "exchange";
        } else if (type.startsWith("org.apache.kafka.")) {
          part = "Kafka client";
        }
      }
      if (type.startsWith("io.forestall.operators.")
          && (simple.endsWith("Function")
              || simple.endsWith("Intake")
              || simple.endsWith("Operator")
              || simple.endsWith("Reader")
              || simple.equals("RecordWriter"))) {
        operator = simple;
        break;
      }
      if (type.startsWith("org.apache.flink.cep.")) {
        operator = "pattern (Flink CEP)";
        break;
      }
      if (simple.startsWith("MailboxProcessor")) {
        break;
      }
    }
    if (operator.isEmpty()) {
      return part.isEmpty() ? "" : "(Flink) " + part;
    }
    return operator + " " + (part.isEmpty() ? "itself" : part);
  }

  /** Stops, and prints CPU by kind of thread and what the tasks were doing. */
  @Override
  public void close() throws InterruptedException {
    done = true;
    sampler.join();
    Map<String, Long> cpuNanos = new TreeMap<>();
    long sum = 0;
    for (var info : THREADS.getThreadInfo(THREADS.getAllThreadIds())) {
      if (info != null) {
        long nanos =
            THREADS.getThreadCpuTime(info.getThreadId())
                - startNanos.getOrDefault(info.getThreadId(), 0L);
        cpuNanos.merge(kind(info.getThreadName()), nanos, Long::sum);
        sum += nanos;
      }
    }
    System.out.printf("%nCPU by thread (those that Java knows of):%n");
    print(cpuNanos, sum);
    Map<String, Long> counts = new TreeMap<>();
    doing.forEach((what, count) -> counts.put(what, (long) count));
    System.out.printf("%nwhat the tasks were doing, %d samples:%n", samples);
    print(counts, samples);
  }

  private static void print(Map<String, Long> parts, long sum) {
    parts.entrySet().stream()
        .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
        .filter(entry -> entry.getValue() * 200 > sum)
        .forEach(
            entry ->
                System.out.printf(
                    Locale.ROOT, "%8.1f %% %s%n", 100.0 * entry.getValue() / sum, entry.getKey()));
  }

  private static String kind(String thread) {
    if (task(thread)) {
      return thread.replaceAll(" ?\\(\\d+/\\d+\\)#\\d+.*", "");
    }
    if (thread.startsWith("Source Data Fetcher")) {
      return "Kafka source: fetch and decode";
    }
    return thread.replaceAll("[0-9]+", "N");
  }
}
