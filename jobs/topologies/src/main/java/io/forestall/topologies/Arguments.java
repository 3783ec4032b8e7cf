package io.forestall.topologies;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** A job's command line, and what is done with it. */
final class Arguments {

  /** Adds a job to an environment, with all of its options. */
  interface Definition {
    void define(StreamExecutionEnvironment env, Configuration configuration);
  }

  private Arguments() {}

  /**
   * Runs a job on the cluster that runs this class, or in this process: what the arguments say wins
   * over the cluster's configuration.
   *
   * <p>Only the environment belongs to the calling thread. All else is done in a thread that ends
   * with it: libraries leave values of their own classes in thread-locals (Avro does), and a thread
   * of the JobManager, which outlives the job, would keep the classes of each submission until none
   * fit any more.
   *
   * @param name fixed name of the job
   * @throws IllegalArgumentException when an argument or an option is wrong: what, where, what to
   *     do
   */
  static void run(String name, String[] args, Definition definition) throws Exception {
    StreamExecutionEnvironment env;
    Configuration all;
    try {
      Configuration overrides = parse(args);
      env = StreamExecutionEnvironment.getExecutionEnvironment(overrides);
      all = Configuration.fromMap(env.getConfiguration().toMap());
      all.addAll(overrides);
    } catch (IllegalArgumentException e) {
      throw cannotStart(name, e);
    }
    inThreadOfItsOwn(
        name,
        () -> {
          try {
            definition.define(env, all);
          } catch (IllegalArgumentException e) {
            throw cannotStart(name, e);
          }
          return env.execute(name);
        });
  }

  private static IllegalArgumentException cannotStart(String name, IllegalArgumentException e) {
    return new IllegalArgumentException(name + " cannot start: " + e.getMessage(), e);
  }

  /** Does something in a thread that ends with it, and fails as it fails. */
  static <T> T inThreadOfItsOwn(String name, Callable<T> action) throws Exception {
    FutureTask<T> task = new FutureTask<>(action);
    new Thread(task, name + "-submission").start();
    try {
      return task.get();
    } catch (InterruptedException e) {
      task.cancel(true);
      throw e;
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof Exception exception) {
        throw exception;
      }
      if (cause instanceof Error error) {
        throw error;
      }
      throw e;
    }
  }

  /**
   * Reads {@code --key value}, {@code --key=value}, {@code -Dkey=value} and {@code -D key=value}.
   *
   * @throws IllegalArgumentException when an argument has another form
   */
  static Configuration parse(String[] args) {
    Configuration configuration = new Configuration();
    for (int i = 0; i < args.length; i++) {
      String argument = args[i];
      String pair;
      if (argument.equals("-D")) {
        i++;
        pair = i < args.length ? args[i] : "";
      } else if (argument.startsWith("-D")) {
        pair = argument.substring(2);
      } else if (argument.startsWith("--") && argument.indexOf('=') > 0) {
        pair = argument.substring(2);
      } else if (argument.startsWith("--") && i + 1 < args.length) {
        i++;
        pair = argument.substring(2) + "=" + args[i];
      } else {
        throw wrong(argument);
      }
      int equals = pair.indexOf('=');
      if (equals <= 0) {
        throw wrong(argument);
      }
      configuration.setString(pair.substring(0, equals).trim(), pair.substring(equals + 1).trim());
    }
    return configuration;
  }

  private static IllegalArgumentException wrong(String argument) {
    return new IllegalArgumentException(
        "argument '" + argument + "' is not understood: give --key value or -Dkey=value");
  }
}
