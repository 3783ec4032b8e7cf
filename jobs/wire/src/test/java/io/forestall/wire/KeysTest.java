package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import java.util.Random;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.junit.jupiter.api.Test;

class KeysTest {

  @Test
  void keysAreKindAndId() {
    assertThat(Keys.of(new EntityRef(EntityKind.DISK, "PL13"))).isEqualTo("disk/PL13");
    assertThat(Keys.disk("PL13")).isEqualTo("disk/PL13");
    assertThat(Keys.node("n-0001")).isEqualTo(Keys.of(EntityKind.NODE, "n-0001"));
    for (EntityKind kind : EntityKind.values()) {
      EntityRef entity = new EntityRef(kind, "a/b c");
      assertThat(Keys.parse(Keys.of(entity))).isEqualTo(entity);
    }
    assertThat(Keys.parse("toaster/7")).isEqualTo(new EntityRef(EntityKind.UNKNOWN, "7"));
    assertThat(Keys.parse("disk")).isNull();
    assertThat(Keys.parse("disk/")).isNull();
    assertThat(Keys.parse("/x")).isNull();
    assertThat(Keys.parse("")).isNull();
  }

  @Test
  void placesAreThoseOfKafkasDefaultPartitioner() {
    Random random = new Random(5);
    for (int i = 0; i < 5_000; i++) {
      byte[] raw = new byte[random.nextInt(40)];
      random.nextBytes(raw);
      String key = new String(raw, java.nio.charset.StandardCharsets.UTF_8);
      int count = 1 + random.nextInt(200);
      assertThat(FixedPartitioner.partition(key, count))
          .isEqualTo(BuiltInPartitioner.partitionForKey(Keys.bytes(key), count));
    }
    assertThatThrownBy(() -> FixedPartitioner.partition("k", 0)).hasMessageContaining("0");
  }

  @Test
  void placesAreWrittenDownForOtherLanguages() {
    assertThat(FixedPartitioner.partition("vol-1/seg-0", 64)).isEqualTo(30);
    assertThat(FixedPartitioner.partition("disk/PL1331LAG5AR5H", 16)).isEqualTo(7);
    assertThat(FixedPartitioner.partition("", 16)).isEqualTo(9);
  }
}
