package io.forestall.operators.train;

import static io.forestall.operators.train.TestingFleetLogs.log;
import static io.forestall.operators.train.TestingFleetLogs.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.operators.types.RecordFormat;
import io.forestall.risk.DiskSample;
import io.forestall.risk.learn.InputDrift;
import java.io.IOException;
import java.util.List;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.junit.jupiter.api.Test;

/** One test for each type of the train job that crosses an edge or lies in state. */
class TrainTypesTest {

  @Test
  void inputs() throws IOException {
    for (TrainInput input :
        List.of(
            TrainInput.sample(new DiskSample("D", null, 7, values(3))),
            TrainInput.described("D", "M"),
            TrainInput.described("D", null),
            TrainInput.left("D"),
            TrainInput.failed("D", 9),
            TrainInput.alarm("D", 9, new TrainInput.Alarm("m", 3, 0.25, 7)),
            TrainInput.nothing())) {
      TrainInput back = through(TrainInput.type(), input);
      assertThat(back.toString()).isEqualTo(input.toString());
      assertThat(back.model()).isEqualTo(input.model());
      assertThat(back.alarm()).isEqualTo(input.alarm());
      if (input.kind() == TrainInput.Kind.SAMPLE) {
        assertThat(back.measured()).containsExactly(input.measured());
      } else {
        assertThatThrownBy(back::measured).isInstanceOf(NullPointerException.class);
      }
    }
  }

  @Test
  void handOvers() throws IOException {
    for (HandOver handOver :
        List.of(
            new HandOver(log("D", 5, 50, 51), 7, false, true),
            new HandOver(log("D", 5, 50, Integer.MAX_VALUE), -7, true, false))) {
      HandOver back = through(HandOver.type(), handOver);
      assertThat(back.log().toString()).isEqualTo(handOver.log().toString());
      assertThat(back.trialMillis()).isEqualTo(handOver.trialMillis());
      assertThat(back.reports()).isEqualTo(handOver.reports());
      assertThat(back.newFailure()).isEqualTo(handOver.newFailure());
    }
  }

  @Test
  void memory() throws IOException {
    TrainMemory memory = new TrainMemory();
    assertThat(through(memory).reference).isNull();
    memory.watch.failed(7);
    memory.watch.living(70);
    memory.reference = new InputDrift();
    memory.reference.add(values(9));
    memory.lastTrialMillis = 1;
    memory.runningMillis = 2;
    memory.highestVersion = 3;
    memory.counted = 4;
    memory.countedMillis = 5;
    memory.recalibrated = TrainMemory.name("disk-lstm", 4);
    memory.recalibration.add(6, 1_000, 3_000);
    TrainMemory back = through(memory);
    assertThat(back.watch.failures(7, 7)).isEqualTo(1);
    assertThat(back.watch.living()).isEqualTo(70);
    assertThat(back.reference).isNotNull();
    assertThat(back.lastTrialMillis).isEqualTo(1);
    assertThat(back.runningMillis).isEqualTo(2);
    assertThat(back.highestVersion).isEqualTo(3);
    assertThat(back.counted).isEqualTo(4);
    assertThat(back.countedMillis).isEqualTo(5);
    assertThat(back.recalibrated).isEqualTo("disk-lstm/4");
    assertThat(back.recalibration.ratio()).isEqualTo(3);
  }

  private static TrainMemory through(TrainMemory memory) throws IOException {
    return through(RecordFormat.TRAIN_MEMORY.info(TrainMemory.class), memory);
  }

  private static <T> T through(TypeInformation<T> type, T value) throws IOException {
    TypeSerializer<T> serializer = type.createSerializer(new SerializerConfigImpl());
    DataOutputSerializer out = new DataOutputSerializer(64);
    serializer.serialize(value, out);
    DataInputDeserializer in = new DataInputDeserializer(out.getCopyOfBuffer());
    T back = serializer.deserialize(in);
    assertThat(in.available()).isZero();
    return back;
  }
}
