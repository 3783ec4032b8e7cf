package io.forestall.topologies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Field;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.junit.jupiter.api.Test;

class DecideJobTest {

  @Test
  void everyOperatorOnKafkaHasAUidOfItsOwnAndNoKryo() throws Exception {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    DecideJob.define(env, new Configuration());

    StreamGraph graph = env.getStreamGraph();

    assertThat(graph.getJobName()).isEqualTo(DecideJob.NAME);
    assertThat(graph.getJobGraph().getVerticesAsArray()).isNotEmpty();
    Set<String> uids =
        graph.getStreamNodes().stream()
            .map(StreamNode::getTransformationUID)
            .filter(Objects::nonNull)
            .map(uid -> uid.replaceAll("^Sink Committer: ", ""))
            .collect(Collectors.toSet());
    assertThat(uids).containsExactlyInAnyOrderElementsOf(constants());
  }

  @Test
  void wrongOptionIsRefusedAtTheStart() {
    assertThatThrownBy(() -> DecideJob.main(new String[] {"--forestall.decide.history", "soon"}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("forestall-decide cannot start")
        .hasMessageContaining("forestall.decide.history is 'soon'");
  }

  private static Set<String> constants() throws IllegalAccessException {
    Set<String> uids = new HashSet<>();
    for (Field field : DecideUids.class.getFields()) {
      assertThat(uids.add((String) field.get(null))).as("%s is used once", field).isTrue();
    }
    return uids;
  }
}
