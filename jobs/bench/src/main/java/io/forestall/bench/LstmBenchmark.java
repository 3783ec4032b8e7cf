package io.forestall.bench;

import io.forestall.dl4j.Dl4jSequenceModel;
import io.forestall.risk.BatchSequenceModel;
import io.forestall.risk.CompiledLstm;
import io.forestall.risk.DriveModelHazards;
import io.forestall.risk.FailureMode;
import io.forestall.risk.LstmLayer;
import io.forestall.risk.ModelFile;
import io.forestall.risk.TrainedModels;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One step of the disk network (24 inputs, 64 then 32 hidden units) for each of {@value #DISKS}
 * disks with their own state: the compiled forward pass beside Deeplearning4j, and the shipped
 * ensemble around it, by batch size. The unit is steps per second on one thread.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xmx2g", "-XX:+UseSerialGC"})
public class LstmBenchmark {
  static final int DISKS = 1024;
  private static final int INPUTS = 24;

  /** Which implementation of the port. */
  public enum Implementation {
    COMPILED,
    DL4J,
    /** The shipped model whole: the compiled pass, the trees, detectors and rules. */
    ENSEMBLE
  }

  @Param({"COMPILED", "DL4J", "ENSEMBLE"})
  public Implementation implementation = Implementation.COMPILED;

  @Param({"1", "32", "256", "1024"})
  public int batch = 1;

  private BatchSequenceModel model = new CompiledLstm(network());
  private float[][] inputs = new float[0][];
  private float[][] states = new float[0][];
  private float[][] batchInputs = new float[0][];
  private float[][] batchStates = new float[0][];
  private float[] logits = new float[0];

  @Setup(Level.Trial)
  public void setUp() {
    ModelFile file = network();
    model =
        switch (implementation) {
          case COMPILED -> new CompiledLstm(file);
          case DL4J -> new Dl4jSequenceModel(file);
          case ENSEMBLE -> TrainedModels.defaultDiskModel();
        };
    SplittableRandom random = new SplittableRandom(7);
    inputs = new float[DISKS][INPUTS];
    states = new float[DISKS][model.stateFloats()];
    for (float[] input : inputs) {
      for (int i = 0; i < INPUTS; i++) {
        input[i] = (float) (random.nextDouble() * 4 - 2);
      }
    }
    batchInputs = new float[batch][];
    batchStates = new float[batch][];
    logits = new float[batch];
  }

  @TearDown(Level.Trial)
  public void tearDown() {
    model.close();
  }

  /** A step of every disk. */
  @Benchmark
  @OperationsPerInvocation(DISKS)
  public float step() {
    float sum = 0;
    for (int from = 0; from < DISKS; from += batch) {
      for (int i = 0; i < batch; i++) {
        batchInputs[i] = inputs[from + i];
        batchStates[i] = states[from + i];
      }
      model.step(batch, batchInputs, batchStates, logits);
      sum += logits[0];
    }
    return sum;
  }

  private static ModelFile network() {
    SplittableRandom random = new SplittableRandom(1);
    return new ModelFile(
        "disk-lstm",
        1,
        FailureMode.DISK,
        TimeUnit.DAYS.toMillis(30),
        List.of(layer(random, INPUTS, 64), layer(random, 64, 32)),
        weights(random, 32, 0.3),
        0f,
        1f,
        0f,
        DriveModelHazards.NONE,
        Map.of());
  }

  private static LstmLayer layer(SplittableRandom random, int inputs, int hidden) {
    return new LstmLayer(
        inputs,
        hidden,
        weights(random, inputs * 4 * hidden, 0.2),
        weights(random, hidden * 4 * hidden, 0.2),
        weights(random, 4 * hidden, 0.1));
  }

  private static float[] weights(SplittableRandom random, int length, double scale) {
    float[] weights = new float[length];
    for (int i = 0; i < length; i++) {
      weights[i] = (float) ((random.nextDouble() * 2 - 1) * scale);
    }
    return weights;
  }
}
