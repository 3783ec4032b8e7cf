package io.forestall.operators;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.FailureMode;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.ModelFile;
import io.forestall.risk.StoredModel;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.ModelRecord;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.flink.streaming.api.operators.ProcessOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ModelGateTest {

  private static final ModelFile SHIPPED = TestingModels.file("disk-lstm", 1);
  private static final ModelFile NEXT = TestingModels.file("disk-lstm", 2);

  private OneInputStreamOperatorTestHarness<ModelInput, ModelInput> gate;

  @BeforeEach
  void open() throws Exception {
    gate =
        new OneInputStreamOperatorTestHarness<>(
            new ProcessOperator<>(
                new ModelGate(SenseSettings.defaults(), SHIPPED.toBytes(), StoredModel::compile)));
    gate.open();
  }

  @AfterEach
  void close() throws Exception {
    gate.close();
  }

  @Test
  void goodModelsAndRetirementsPass() throws Exception {
    send(TestingModels.input(TestingModels.record(NEXT, 0, 1, 2)));
    send(new ModelInput("disk/disk-lstm/2", null, 0, 1));
    send(TestingModels.input(TestingModels.record(NEXT, 0, 1, 2)));

    assertThat(gate.extractOutputValues()).hasSize(3);
    assertThat(gate.getSideOutput(SenseTags.DEAD_LETTERS)).isNull();
  }

  @Test
  void eachSortOfBadModelMakesOneDeadLetterWithItsReason() throws Exception {
    ModelRecord cut = TestingModels.record(NEXT, 0, 1, 2);
    byte[] bytes = NEXT.toBytes();
    cut.setWeights(ByteBuffer.wrap(bytes, 0, bytes.length / 2));
    ModelRecord flipped = TestingModels.record(NEXT, 0, 1, 2);
    byte[] damaged = bytes.clone();
    damaged[damaged.length / 2] ^= 4;
    flipped.setWeights(ByteBuffer.wrap(damaged));
    ModelRecord format = TestingModels.record(NEXT, 0, 1, 2);
    format.setFormat("onnx");
    ModelRecord other = TestingModels.record(NEXT, 0, 1, 2);
    other.setVersion(3);
    ModelRecord network =
        TestingModels.record(
            TestingModels.file("net", 1, FailureMode.NETWORK, FeatureExtractor.INPUTS, 4), 0, 1, 2);
    ModelRecord inputs =
        TestingModels.record(TestingModels.file("slim", 1, FailureMode.DISK, 5, 4), 0, 1, 2);

    send(TestingModels.input(cut));
    send(TestingModels.input(flipped));
    send(TestingModels.input(format));
    send(TestingModels.input(other));
    send(TestingModels.input(network));
    send(TestingModels.input(inputs));
    send(new ModelInput("disk/x/1", new byte[] {1, 2, 3}, 4, 5));

    assertThat(gate.extractOutputValues()).isEmpty();
    List<DeadLetter> letters =
        gate.getSideOutput(SenseTags.DEAD_LETTERS).stream().map(StreamRecord::getValue).toList();
    assertThat(letters)
        .hasSize(7)
        .extracting(DeadLetter::getReason)
        .containsOnly(DeadReason.BAD_MODEL);
    assertThat(letters.get(0).getDetail()).contains("disk/disk-lstm/2").contains("cannot be read");
    assertThat(letters.get(2).getDetail()).contains("onnx");
    assertThat(letters.get(3).getDetail()).contains("instead");
    assertThat(letters.get(4).getDetail()).contains("NETWORK");
    assertThat(letters.get(5).getDetail()).contains("5 inputs");
    assertThat(letters.get(6).getOffset()).isEqualTo(5);
    assertThat(letters.get(6).getOrigin()).isEqualTo("forestall.models.v1");
  }

  private void send(ModelInput input) throws Exception {
    gate.processElement(new StreamRecord<>(input));
  }
}
