package io.forestall.topologies;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.schemas.Decision;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the JobManager reads of a job in threads of its own. A class of a generated record in it
 * would parse its schema there, Avro would leave a value with the thread, and the JobManager would
 * keep the classes of every job that was ever submitted, until its metaspace is full.
 */
class SubmissionTest {

  private static final String RECORDS = Decision.class.getPackageName() + ".";

  static Stream<NamedJob> jobs() {
    return Stream.of(
        new NamedJob(SenseJob.NAME, SenseJob::define),
        new NamedJob(CorrelateJob.NAME, CorrelateJob::define),
        new NamedJob(DecideJob.NAME, DecideJob::define),
        new NamedJob(MoveJob.NAME, MoveJob::define),
        new NamedJob(TrainJob.NAME, TrainJob::define));
  }

  record NamedJob(String name, Arguments.Definition definition) {
    @Override
    public String toString() {
      return name;
    }
  }

  @ParameterizedTest
  @MethodSource("jobs")
  void noGeneratedRecordIsReadAsAClass(NamedJob job) throws Exception {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    job.definition().define(env, new Configuration());
    Set<String> found = new TreeSet<>();
    for (StreamNode node : env.getStreamGraph().getStreamNodes()) {
      for (String each : classes(node.getOperatorFactory())) {
        if (parsesASchema(each)) {
          found.add(node.getOperatorName() + " holds " + each);
        }
      }
    }
    assertThat(found).isEmpty();
  }

  @Test
  void theTestCanTell() throws Exception {
    Serializable holder = new ArrayList<>(List.of(Decision.class));
    assertThat(classes(holder)).anyMatch(SubmissionTest::parsesASchema);
  }

  private static boolean parsesASchema(String name) {
    try {
      Class.forName(name, false, Decision.class.getClassLoader()).getMethod("getClassSchema");
      return true;
    } catch (ReflectiveOperationException e) {
      return false;
    }
  }

  /** Names of the record package that stand in it as classes, and not as strings. */
  private static Set<String> classes(Object serialized) throws Exception {
    byte[] bytes = InstantiationUtil.serializeObject(serialized);
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    Set<String> names = new TreeSet<>();
    for (int at = text.indexOf(RECORDS); at >= 0; at = text.indexOf(RECORDS, at + 1)) {
      // TC_CLASSDESC, two bytes of length, the name
      if (at >= 3 && bytes[at - 3] == 0x72) {
        int length = ((bytes[at - 2] & 0xff) << 8) | (bytes[at - 1] & 0xff);
        names.add(text.substring(at, at + length));
      }
    }
    return names;
  }
}
