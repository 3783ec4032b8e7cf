package io.forestall.risk.symptom;

import static io.forestall.risk.symptom.TestingSamples.MINUTE;
import static io.forestall.risk.symptom.TestingSamples.START;
import static io.forestall.risk.symptom.TestingSamples.pair;
import static io.forestall.risk.symptom.TestingSamples.probability;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.risk.FailureMode;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import io.forestall.risk.signal.Signals;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PathEngineTest {
  private static final SymptomPolicy POLICY = SymptomPolicy.defaults();

  private final PathEngine engine = engine();
  private PathGroup group = PathGroup.fresh();
  private final Map<String, PathMember> members = new HashMap<>();
  private final List<String> evicted = new ArrayList<>();

  private static PathEngine engine() {
    return new PathEngine(POLICY, StandardSymptomEngine.standard(POLICY), new Signals());
  }

  private PathEngine.@Nullable PathReport observe(EntitySample sample) {
    PathEngine.PathReport report = engine.observe(group, members.get(sample.entity()), sample);
    if (report != null) {
      members.put(sample.entity(), report.member());
      report.evicted().forEach(members::remove);
      evicted.addAll(report.evicted());
    }
    return report;
  }

  @ParameterizedTest
  @CsvSource({
    "pair/vol-1@client-1, volume/vol-1",
    "pair/a@b@c, volume/a@b",
    "edge/n-0001>n-0002, node/n-0001",
    "edge/a>b>c, node/a",
  })
  void groupsAreVolumesAndNodes(String path, String group) {
    assertThat(PathEngine.group(path)).isEqualTo(group);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pair/vol", "edge/n", "disk/d", "pair/@c", "edge/>b", ""})
  void whatIsNoPathIsRefused(String path) {
    assertThatThrownBy(() -> PathEngine.group(path))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("pair/volume@client or edge/from>to is expected");
  }

  /** Minutes of three clients, of which some are slower from a minute on. */
  private Finding volume(int minutes, int slowFrom, int slowClients) {
    SplittableRandom random = new SplittableRandom(7);
    Finding last = null;
    for (int minute = 1; minute <= minutes; minute++) {
      for (int client = 0; client < 3; client++) {
        double slower = minute >= slowFrom && client < slowClients ? 5 : 1;
        double noise = 1 + 0.05 * random.nextGaussian();
        PathEngine.PathReport report =
            requireNonNull(
                observe(
                    pair(
                        "pair/v@c" + client,
                        START + minute * MINUTE + client,
                        40,
                        0.004 * slower * noise)));
        if (report.group() != null) {
          last = report.group();
        }
      }
    }
    return requireNonNull(last);
  }

  @Test
  void aVolumeIsSlowWhenMostOfItsClientsSaySo() {
    Finding finding = volume(10 * 60, 9 * 60, 3);
    assertThat(finding.entity()).isEqualTo("volume/v");
    assertThat(probability(finding, FailureMode.FAIL_SLOW)).isGreaterThan(0.06);
    assertThat(TestingSamples.mode(finding, FailureMode.FAIL_SLOW).reasons().get(0).text())
        .isEqualTo("3 of 3 active clients find it slow");
  }

  @Test
  void whatOneClientOfThreeSaysIsTheClientsMatter() {
    Finding finding = volume(10 * 60, 9 * 60, 1);
    assertThat(probability(finding, FailureMode.FAIL_SLOW)).isLessThan(0.001);
    assertThat(engine.baselines(requireNonNull(members.get("pair/v@c0")))).isNotEmpty();
  }

  @Test
  void edgesGiveNoFindingOfAGroup() {
    for (int minute = 0; minute < 30; minute++) {
      PathEngine.PathReport report =
          requireNonNull(observe(pair("edge/a>b", START + minute * MINUTE, 20, 0.0002)));
      assertThat(report.group()).isNull();
      assertThat(report.report().finding().entity()).isEqualTo("edge/a>b");
    }
    assertThat(group.members()).isEqualTo(1);
  }

  @Test
  void whatIsNotNewerChangesNothing() throws IOException {
    observe(pair("pair/v@c", START + MINUTE, 40, 0.004));
    byte[] before = bytes(group);
    assertThat(observe(pair("pair/v@c", START + MINUTE, 40, 0.004))).isNull();
    assertThat(observe(pair("pair/v@c", START, 40, 0.004))).isNull();
    assertThat(bytes(group)).isEqualTo(before);
  }

  @Test
  void theLeastActiveMakesRoomAndIsCounted() {
    int bound = POLICY.maximumPathMembers();
    for (int minute = 0; minute < 2; minute++) {
      for (int client = 0; client < bound; client++) {
        observe(
            pair(
                String.format("pair/v@c%04d", client),
                START + minute * MINUTE + client,
                client == 77 ? 0.01 : client == 99 ? 0.5 : 40,
                0.004));
      }
    }
    assertThat(group.members()).isEqualTo(bound);
    assertThat(group.evicted()).isZero();
    observe(pair("pair/v@newcomer", START + 3 * MINUTE, 0, 0.004));
    assertThat(evicted).containsExactly("pair/v@c0077");
    observe(pair("pair/v@another", START + 3 * MINUTE + 1, 0, 0.004));
    assertThat(evicted).as("a newcomer without activity goes first").hasSize(2);
    assertThat(evicted.get(1)).isEqualTo("pair/v@newcomer");
    assertThat(group.members()).isEqualTo(bound);
    assertThat(group.evicted()).isEqualTo(2);
    assertThat(members).hasSize(bound);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void storingChangesNothingAndTheStateIsBounded(long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    PathGroup stored = PathGroup.fresh();
    Map<String, byte[]> storedMembers = new HashMap<>();
    PathEngine other = engine();
    long time = START;
    for (int i = 0; i < 1500; i++) {
      time += random.nextLong(1, 20_000);
      String path = "pair/v@c" + random.nextInt(300);
      EntitySample sample =
          random.nextInt(50) == 0
              ? EntitySample.of(
                  path,
                  Scope.PATH,
                  null,
                  time,
                  Map.of(FleetMetric.PATH_LATENCY_SECONDS, random.nextDouble(0, 1e6)))
              : pair(path, time, random.nextDouble(0, 100), random.nextDouble(0.001, 0.1));
      byte[] bytes = storedMembers.get(path);
      stored = PathGroup.read(new DataInputStream(new ByteArrayInputStream(bytes(stored))));
      PathEngine.PathReport two =
          requireNonNull(
              other.observe(
                  stored,
                  bytes == null
                      ? null
                      : other.readMember(new DataInputStream(new ByteArrayInputStream(bytes))),
                  sample));
      PathEngine.PathReport one = requireNonNull(observe(sample));
      ByteArrayOutputStream member = new ByteArrayOutputStream();
      two.member().write(new DataOutputStream(member));
      storedMembers.put(path, member.toByteArray());
      two.evicted().forEach(storedMembers::remove);
      assertThat(member.size()).isLessThanOrEqualTo(3 * 1024);
      assertThat(two.report()).as("seed %s", seed).isEqualTo(one.report());
      assertThat(two.group()).as("seed %s", seed).isEqualTo(one.group());
      assertThat(two.evicted()).as("seed %s", seed).isEqualTo(one.evicted());
      assertThat(group.members()).isLessThanOrEqualTo(POLICY.maximumPathMembers());
    }
    assertThat(group.evicted()).isPositive();
    assertThat(bytes(stored)).isEqualTo(bytes(group)).hasSizeLessThanOrEqualTo(24 * 1024);
  }

  private static byte[] bytes(PathGroup group) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    group.write(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }
}
