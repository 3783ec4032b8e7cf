package io.forestall.nodes.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RoundRobinPartitioner;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OutboxTest {
  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(
          false, new RoundRobinPartitioner(), new ByteArraySerializer(), new ByteArraySerializer());
  private final List<String> failed = new CopyOnWriteArrayList<>();

  /** Two records may be on their way, two more may wait. */
  private final Outbox outbox = new Outbox(producer, "test-outbox", 520, 2);

  @AfterEach
  void close() {
    outbox.close();
  }

  private void send(String text) {
    outbox.send(
        new ProducerRecord<>("t", 0, null, text.getBytes(UTF_8)), problem -> failed.add(text));
  }

  private List<String> sent() {
    return producer.history().stream().map(each -> new String(each.value(), UTF_8)).toList();
  }

  @Test
  void whatTheProducerHasNoRoomForWaitsInOrder() {
    for (String each : List.of("a", "b", "c", "d", "e")) {
      send(each);
    }
    assertThat(sent()).containsExactly("a", "b");
    assertThat(failed).as("no room here either").containsExactly("e");
    assertThat(outbox.isBusy()).isTrue();
    assertThat(producer.completeNext()).isTrue();
    assertThat(producer.completeNext()).isTrue();
    send("f");
    assertThat(sent()).containsExactly("a", "b", "c", "d");
    assertThat(producer.completeNext()).isTrue();
    assertThat(sent()).containsExactly("a", "b", "c", "d", "f");
    assertThat(outbox.isBusy()).isFalse();
  }

  /** A node that stops does what waits, and some of it says something. */
  @Test
  void whatIsSaidAfterTheEndIsNotSentAndBreaksNothing() {
    send("a");
    send("b");
    send("c");
    outbox.close();
    assertThat(failed).as("it waited").contains("c");
    send("d");
    assertThat(failed).contains("d");
    assertThat(sent()).containsExactly("a", "b");
  }
}
