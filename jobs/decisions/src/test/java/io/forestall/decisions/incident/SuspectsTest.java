package io.forestall.decisions.incident;

import static io.forestall.decisions.incident.TestingIncidents.event;
import static io.forestall.decisions.incident.TestingIncidents.place;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Incident.Suspect;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What speaks for a cause, and what against it. */
class SuspectsTest {

  private static final Subject SERVICE = new Subject(Subject.Kind.PROCESSOR, "service");

  private static Subject shard(int number) {
    return new Subject(Subject.Kind.SHARD, "shard-" + number);
  }

  private static Evidence evidence(Subject entity, Severity severity, long... times) {
    Evidence evidence = new Evidence(entity);
    for (long time : times) {
      evidence.add(event(entity + "@" + time, "it.fails", severity, entity, time), null);
    }
    return evidence;
  }

  private static List<Suspect> rank(Dependencies dependencies, Evidence... evidence) {
    return new Suspects(dependencies).rank(List.of(evidence), 0, 0);
  }

  private static Dependencies shards(int count) {
    Dependencies.Builder builder = Dependencies.builder();
    for (int i = 0; i < count; i++) {
      builder.standsOn(shard(i), SERVICE);
    }
    return builder.build();
  }

  @Test
  void theGroundOfAllIsSuspectedAndTheGroundOfFewIsNot() {
    Evidence[] three = new Evidence[3];
    for (int i = 0; i < 3; i++) {
      three[i] = evidence(shard(i), Severity.ERROR, i);
    }
    List<Suspect> ofThree = rank(shards(3), three);
    assertThat(ofThree.get(0).entity()).isEqualTo(SERVICE);
    assertThat(ofThree.get(0).text())
        .isEqualTo("no symptom of its own; 3 of 3 things that stand on it are affected.");
    List<Suspect> ofTwenty = rank(shards(20), three);
    assertThat(ofTwenty.get(0).entity().kind())
        .as("17 unaffected shards speak against the service")
        .isEqualTo(Subject.Kind.SHARD);
  }

  @Test
  void whatWasThereAtTheOnsetIsSuspectedBeforeWhatCameLate() {
    List<Suspect> suspects =
        rank(
            Dependencies.NONE,
            evidence(shard(0), Severity.ERROR, 600_000),
            evidence(shard(1), Severity.ERROR, 1_000));
    assertThat(suspects).extracting(Suspect::entity).containsExactly(shard(1), shard(0));
    assertThat(suspects.get(1).text()).contains("first 10 min after the first of all");
  }

  @Test
  void theCallersOfAThingSpeakForIt() {
    Subject called = new Subject(Subject.Kind.PROCESSOR, "called");
    Subject other = new Subject(Subject.Kind.PROCESSOR, "other");
    Subject caller = new Subject(Subject.Kind.PROCESSOR, "z-caller");
    Evidence[] all = {
      evidence(called, Severity.ERROR, 0),
      evidence(other, Severity.ERROR, 0),
      evidence(caller, Severity.WARNING, 0)
    };
    Dependencies calls = Dependencies.builder().calls(caller, other).build();
    List<Suspect> suspects = rank(calls, all);
    assertThat(suspects.get(0).entity()).isEqualTo(other);
    assertThat(suspects.get(0).text()).contains("1 affected thing calls it");
    assertThat(rank(Dependencies.NONE, all).get(0).entity()).isEqualTo(called);
  }

  @Test
  void aSignalOfWeightNoughtSaysNothing() {
    Evidence usual = new Evidence(shard(0));
    FleetEvent event = event("e", "it.fails", Severity.CRITICAL, shard(0), 0);
    usual.add(
        new FleetEvent(
            event.id(),
            event.type(),
            event.severity(),
            false,
            event.entity(),
            List.of(),
            0,
            null,
            1,
            0,
            null,
            null,
            null,
            null,
            null,
            "test",
            "as always",
            Map.of(SignalHistory.WEIGHT, 0.0),
            Map.of()),
        null);
    List<Suspect> suspects =
        rank(Dependencies.NONE, usual, evidence(shard(1), Severity.WARNING, 5_000));
    assertThat(suspects).extracting(Suspect::entity).containsExactly(shard(1));
  }

  @Test
  void aCircleOfDependenciesEnds() {
    Dependencies circle =
        Dependencies.builder()
            .standsOn(shard(0), shard(1))
            .standsOn(shard(1), shard(2))
            .standsOn(shard(2), shard(0))
            .build();
    List<Suspect> suspects =
        rank(circle, evidence(shard(0), Severity.ERROR, 0), evidence(shard(1), Severity.ERROR, 0));
    assertThat(suspects).isNotEmpty();
    assertThat(suspects.stream().mapToDouble(Suspect::weight).sum()).isBetween(0.5, 1.0);
  }

  @Test
  void weightsSumToAtMostOneWithAThousandThings() {
    List<Evidence> many = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      Evidence one = new Evidence(Subject.disk("d-" + i));
      one.add(event("e" + i, "it.fails", Severity.ERROR, one.entity, i), place(i));
      many.add(one);
    }
    List<Suspect> suspects = new Suspects(Dependencies.NONE).rank(many, 0, 0);
    assertThat(suspects).hasSize(Suspects.MAX_SUSPECTS);
    assertThat(suspects.stream().mapToDouble(Suspect::weight).sum()).isBetween(0.0, 1.0);
    assertThat(suspects).allMatch(one -> one.text().endsWith("."));
  }
}
