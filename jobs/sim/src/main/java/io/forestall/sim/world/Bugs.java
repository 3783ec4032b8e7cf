package io.forestall.sim.world;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.DecisionCode;
import io.forestall.decisions.guard.GuardDecision;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.GuardOutput;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.PolicySet;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.risk.Tier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The planted bugs: each breaks one thing that the product does right, so that a simulator which
 * does not notice it is itself the bug.
 */
public final class Bugs {
  private Bugs() {}

  /** All of them. */
  public static List<Bug> all() {
    return ALL;
  }

  /**
   * The bug of this name; {@code none} for no bug.
   *
   * @throws IllegalArgumentException when there is none of this name
   */
  public static Bug named(String name) {
    if (name.equals(Bug.NONE.name())) {
      return Bug.NONE;
    }
    for (Bug bug : ALL) {
      if (bug.name().equals(name)) {
        return bug;
      }
    }
    throw new IllegalArgumentException(
        "there is no bug '" + name + "': " + ALL.stream().map(Bug::name).toList());
  }

  private static final List<Bug> ALL =
      List.of(
          // Invariant 4.
          deaf(
              "ignores-maintenance",
              "The guard does not hear of maintenance windows.",
              "operators",
              input -> input,
              record -> record.kind() != PolicyRecord.Kind.MAINTENANCE,
              "safe-targets"),
          new Bug("ignores-zones", "The guard does not hear of failure zones.", "safe-targets") {
            @Override
            List<GuardInput> heard(GuardInput input, Mouth mouth) {
              return input instanceof GuardInput.ZoneChanged ? List.of() : List.of(input);
            }
          },
          new Bug(
              "trusts-risky-targets",
              "A node at risk counts as healthy when it is a target.",
              "safe-targets",
              "storm-stops",
              "one-copy-per-domain") {
            @Override
            List<GuardInput> heard(GuardInput input, Mouth mouth) {
              if (input instanceof GuardInput.RiskChanged risk) {
                return List.of(
                    new GuardInput.RiskChanged(
                        risk.entity(),
                        Tier.HEALTHY,
                        1,
                        0.01,
                        risk.horizonMillis(),
                        risk.confidence(),
                        risk.stale(),
                        risk.timeMillis(),
                        risk.model(),
                        risk.modelVersion()));
              }
              return List.of(input);
            }
          },
          member(
              "forgets-space",
              "Every node counts as empty.",
              changed -> new GuardInput.MemberChanged(changed.member(), 1L << 50),
              "safe-targets"),
          member(
              "forgets-racks",
              "Every node counts as a rack of its own.",
              changed -> {
                FleetMember member = changed.member();
                Place place = member.place();
                return new GuardInput.MemberChanged(
                    FleetMember.node(
                        new Place(
                            place.node(),
                            "rack-of-" + place.node(),
                            place.zone(),
                            place.region(),
                            place.pool()),
                        false),
                    changed.freeBytes());
              },
              "one-copy-per-domain"),
          new Bug(
              "forgets-minimum", "Every unit counts as content with one copy.", "enough-copies") {
            @Override
            List<GuardInput> heard(GuardInput input, Mouth mouth) {
              if (input instanceof GuardInput.UnitChanged unit) {
                return List.of(
                    new GuardInput.UnitChanged(
                        unit.unit(),
                        unit.volume(),
                        unit.owner(),
                        unit.epoch(),
                        unit.copies(),
                        1,
                        unit.bytes(),
                        unit.shadows(),
                        unit.others(),
                        unit.otherRegion()));
              }
              return List.of(input);
            }
          },
          unit(
              "forgets-roles",
              "Every further copy of a unit counts as a shadow.",
              unit ->
                  with(
                      unit,
                      unit.copies().stream().filter(copy -> !copy.equals(unit.owner())).toList(),
                      unit.others()),
              "only-shadows-go",
              "switches-to-shadows"),
          unit(
              "forgets-what-is-built",
              "Copies that are not in sync are not heard of.",
              unit -> with(unit, unit.shadowsInSync(), List.of()),
              "one-copy-per-domain"),
          unit(
              "ignores-regions",
              "No volume counts as one that asks for a copy in another region.",
              unit ->
                  new GuardInput.UnitChanged(
                      unit.unit(),
                      unit.volume(),
                      unit.owner(),
                      unit.epoch(),
                      unit.copies(),
                      unit.minReplicas(),
                      unit.bytes(),
                      unit.shadows(),
                      unit.others(),
                      false),
              "asked-regions"),
          // Invariant 5.
          new Bug(
              "releases-by-timeout",
              "An act that takes long counts as ended, though nobody has said so.",
              "one-holder-per-unit",
              "budget-holds",
              "follows-the-log",
              "ends-are-confirmed",
              "nothing-is-contradicted") {
            @Override
            List<GuardInput> heard(GuardInput input, Mouth mouth) {
              List<GuardInput> inputs = new ArrayList<>();
              if (input instanceof GuardInput.AdmissionRead read
                  && read.admission().state() == Admission.State.ADMITTED) {
                mouth.heard.put(read.admission().id(), input);
              }
              mouth
                  .heard
                  .values()
                  .removeIf(
                      old -> {
                        Admission act = ((GuardInput.AdmissionRead) old).admission();
                        boolean over = mouth.nowMillis > act.issuedMillis() + 120_000;
                        if (over) {
                          inputs.add(
                              new GuardInput.AdmissionRead(
                                  Admissions.ended(
                                      act, Admission.State.EXPIRED, mouth.nowMillis, "planted")));
                        }
                        return over;
                      });
              inputs.add(input);
              return inputs;
            }
          },
          new Bug(
              "confirms-by-itself",
              "An act is told to have ended as soon as it was admitted.",
              "ends-are-confirmed") {
            @Override
            List<GuardInput> heard(GuardInput input, Mouth mouth) {
              if (input instanceof GuardInput.AdmissionRead read
                  && read.admission().state() == Admission.State.ADMITTED) {
                return List.of(
                    input,
                    new GuardInput.ActEnded(
                        read.admission().id(), Admission.State.DONE, "surely done"));
              }
              return List.of(input);
            }
          },
          new Bug(
              "budget-not-rebuilt",
              "After a restore the admissions since the checkpoint are not read.",
              "follows-the-log",
              "every-proposal-ends",
              "one-holder-per-unit",
              "nothing-is-contradicted",
              "bad-input-is-counted",
              "speaks-after-read-back") {
            @Override
            boolean rereadsAdmissions() {
              return false;
            }
          },
          new Bug("forgets-zone-budget", "Acts are counted for no failure zone.", "budget-holds") {
            @Override
            List<GuardInput> heard(GuardInput input, Mouth mouth) {
              return List.of(input);
            }

            @Override
            List<GuardOutput> said(GuardOutput output, Mouth mouth) {
              // Planted in the carrier: zones of grants become one.
              if (output instanceof GuardOutput.Logged logged
                  && logged.admission().state() == Admission.State.ADMITTED) {
                return List.of(
                    new GuardOutput.Logged(
                        Admissions.inZone(logged.admission(), mouth.pool + "-z0")));
              }
              return List.of(output);
            }
          },
          deaf(
              "generous-budget",
              "Every budget is read as ten times as large.",
              "",
              input -> input,
              record -> true,
              "budget-holds",
              "daily-nodes-hold"),
          // Invariant 6.
          new Bug(
              "speaks-at-once",
              "A guard that has just started does not wait for its own mark.",
              "speaks-after-read-back") {
            @Override
            List<GuardInput> heard(GuardInput input, Mouth mouth) {
              if (input instanceof GuardInput.PoliciesChanged changed) {
                return List.of(
                    new GuardInput.PoliciesChanged(
                        PolicySet.of(
                            changed.policies().records(),
                            Set.of(mouth.incarnation),
                            changed.policies().version())));
              }
              return List.of(input);
            }

            @Override
            List<GuardOutput> said(GuardOutput output, Mouth mouth) {
              return List.of(output);
            }
          },
          new Bug(
              "counts-everything",
              "Those who carry acts out believe every signed admission, whatever its number.",
              "one-act-per-unit",
              "ends-are-confirmed") {
            @Override
            boolean countsBySequence() {
              return false;
            }

            @Override
            List<String> scenarios() {
              return List.of("zombies");
            }
          },
          new Bug(
              "ids-from-counter",
              "Admissions are named by a counter in memory.",
              "rows-hold-everything",
              "nothing-is-contradicted",
              "ends-are-confirmed") {
            @Override
            List<GuardOutput> said(GuardOutput output, Mouth mouth) {
              if (output instanceof GuardOutput.Logged logged
                  && logged.admission().state() == Admission.State.ADMITTED) {
                return List.of(
                    new GuardOutput.Logged(
                        Admissions.named(logged.admission(), mouth.pool + "-a" + ++mouth.counter)));
              }
              return List.of(output);
            }
          },
          new Bug(
              "forgets-rows",
              "One row in eight never reaches a checkpoint.",
              "rows-hold-everything",
              "nothing-is-contradicted",
              "nobody-stumbles",
              "one-holder-per-unit",
              "follows-the-log",
              "every-proposal-ends",
              "what-is-born-dies",
              "no-critical-is-lost",
              "storm-says-so-once") {
            @Override
            Map<String, byte[]> kept(Map<String, byte[]> changes) {
              Map<String, byte[]> kept = new HashMap<>(changes);
              kept.keySet().removeIf(row -> row.hashCode() % 8 == 0);
              return kept;
            }
          },
          new Bug(
              "refuses-what-it-admitted",
              "After each admission of the log its proposal is refused as well.",
              "nothing-is-contradicted") {
            @Override
            List<GuardOutput> said(GuardOutput output, Mouth mouth) {
              if (output instanceof GuardOutput.Decided decided
                  && decided.decision().outcome() == GuardDecision.Outcome.ADMITTED) {
                mouth.said.put(decided.decision().proposal().id(), output);
              }
              if (output instanceof GuardOutput.Logged logged
                  && logged.admission().state() == Admission.State.DONE) {
                GuardOutput before = mouth.said.remove(logged.admission().proposal());
                if (before instanceof GuardOutput.Decided decided) {
                  return List.of(
                      output,
                      new GuardOutput.Decided(
                          refused(decided.decision(), DecisionCode.BUDGET_SPENT)));
                }
              }
              return List.of(output);
            }
          },
          // Invariant 7.
          new Bug(
              "silence-is-health",
              "Whoever is silent counts as heard just now.",
              "blindness-stops",
              "safe-targets") {
            @Override
            List<GuardInput> heard(GuardInput input, Mouth mouth) {
              if (input instanceof GuardInput.RiskChanged risk) {
                mouth.heard.put(risk.entity().toString(), risk);
                return List.of(
                    new GuardInput.RiskChanged(
                        risk.entity(),
                        risk.tier(),
                        risk.score(),
                        risk.probability(),
                        risk.horizonMillis(),
                        risk.confidence(),
                        false,
                        mouth.nowMillis + 24 * 3_600_000L,
                        risk.model(),
                        risk.modelVersion()));
              }
              return List.of(input);
            }
          },
          new Bug("models-never-age", "A model counts as published just now.", "blindness-stops") {
            @Override
            List<GuardInput> heard(GuardInput input, Mouth mouth) {
              if (input instanceof GuardInput.ModelPublished model) {
                return List.of(
                    new GuardInput.ModelPublished(model.model(), model.version(), mouth.nowMillis));
              }
              return List.of(input);
            }
          },
          // Invariant 8.
          new Bug(
              "dies-of-poison",
              "A record that nobody can decode is tried for ever.",
              "everybody-goes-on",
              "every-proposal-ends",
              "bad-input-is-counted") {
            @Override
            boolean survivesPoison() {
              return false;
            }
          },
          new Bug(
              "swallows-poison",
              "A record that nobody can decode is dropped without a word.",
              "bad-input-is-counted") {
            @Override
            boolean countsDeadLetters() {
              return false;
            }
          },
          new Bug(
              "believes-forgeries",
              "Nobody looks at signatures.",
              "forged-counts-nothing",
              "bad-input-is-counted",
              "follows-the-log",
              "ends-are-confirmed") {
            @Override
            boolean checksSignatures() {
              return false;
            }
          },
          // Invariant 9.
          new Bug("mute-refusals", "A refusal is not written down.", "every-proposal-ends") {
            @Override
            List<GuardOutput> said(GuardOutput output, Mouth mouth) {
              return output instanceof GuardOutput.Decided decided
                      && decided.decision().outcome() == GuardDecision.Outcome.REFUSED
                  ? List.of()
                  : List.of(output);
            }
          },
          new Bug(
              "gives-no-reason",
              "Decisions leave the results of the guards out.",
              "every-decision-says-why") {
            @Override
            List<GuardOutput> said(GuardOutput output, Mouth mouth) {
              if (output instanceof GuardOutput.Decided decided) {
                GuardDecision decision = decided.decision();
                return List.of(
                    new GuardOutput.Decided(
                        new GuardDecision(
                            decision.id(),
                            decision.proposal(),
                            decision.outcome(),
                            decision.code(),
                            decision.text(),
                            List.of(),
                            decision.lockOwner(),
                            decision.admission(),
                            decision.policyVersion(),
                            decision.acting(),
                            decision.approvedBy(),
                            decision.lagMillis(),
                            decision.timeMillis())));
              }
              return List.of(output);
            }
          },
          // Invariant 10.
          new Bug(
              "hoards",
              "The guard does not hear that nodes and units have left.",
              "what-is-born-dies") {
            @Override
            List<GuardInput> heard(GuardInput input, Mouth mouth) {
              return input instanceof GuardInput.MemberLeft || input instanceof GuardInput.UnitLeft
                  ? List.of()
                  : List.of(input);
            }
          },
          new Bug(
              "keeps-ended-rows",
              "Rows that ended stay in the checkpoint.",
              "what-is-born-dies",
              "rows-hold-everything",
              "nothing-is-contradicted",
              "nobody-stumbles") {
            @Override
            Map<String, byte[]> kept(Map<String, byte[]> changes) {
              Map<String, byte[]> kept = new HashMap<>(changes);
              kept.values().removeIf(body -> body.length == 0);
              return kept;
            }
          },
          // Modes, halts, storms.
          new Bug(
              "acts-uninvited", "Every pool counts as switched to act.", "advise-admits-nothing") {
            @Override
            List<GuardInput> heard(GuardInput input, Mouth mouth) {
              return List.of(
                  input instanceof GuardInput.PoliciesChanged changed
                      ? policies(changed, mouth, record -> record, invitation(mouth.pool))
                      : input);
            }
          },
          deaf(
              "ignores-halts",
              "The guard does not hear halts.",
              "operators",
              input -> input,
              record -> record.kind() != PolicyRecord.Kind.HALT,
              "halt-holds"),
          new Bug(
              "sleeps-through-storms",
              "Nobody but the subject of an act is ever at risk.",
              "storm-stops",
              "storm-says-so-once",
              "safe-targets") {
            @Override
            List<GuardInput> heard(GuardInput input, Mouth mouth) {
              if (input instanceof GuardInput.RiskChanged risk
                  && Math.floorMod(risk.entity().id().hashCode(), 3) != 0) {
                return List.of(
                    new GuardInput.RiskChanged(
                        risk.entity(),
                        Tier.WATCH,
                        risk.score(),
                        risk.probability(),
                        risk.horizonMillis(),
                        risk.confidence(),
                        risk.stale(),
                        risk.timeMillis(),
                        risk.model(),
                        risk.modelVersion()));
              }
              return List.of(input);
            }
          },
          new Bug("cries-twice", "A storm is told twice.", "storm-says-so-once") {
            @Override
            List<GuardOutput> said(GuardOutput output, Mouth mouth) {
              return output instanceof GuardOutput.Noticed
                  ? List.of(output, output)
                  : List.of(output);
            }
          },
          // Incidents.
          new Bug(
              "loses-late-criticals",
              "Events behind the watermark are dropped.",
              "no-critical-is-lost") {
            @Override
            List<IncidentInput> heard(IncidentInput input, boolean late) {
              return late ? List.of() : List.of(input);
            }
          },
          new Bug(
              "incident-ids-from-counter",
              "Incidents are named by a counter in memory.",
              "incidents-are-stable") {
            @Override
            List<Incident> said(Incident incident, Mouth mouth) {
              mouth.names.computeIfAbsent(
                  incident.id(), absent -> mouth.pool + "-i" + ++mouth.counter);
              return List.of(named(incident, mouth.names.get(incident.id())));
            }
          });

  private static Bug deaf(
      String name,
      String sentence,
      String scenario,
      Function<GuardInput, GuardInput> other,
      Predicate<PolicyRecord> hears,
      String... caughtBy) {
    boolean generous = name.equals("generous-budget");
    return new Bug(name, sentence, caughtBy) {
      @Override
      List<GuardInput> heard(GuardInput input, Mouth mouth) {
        return List.of(
            input instanceof GuardInput.PoliciesChanged changed
                ? policies(
                    changed,
                    mouth,
                    record -> hears.test(record) ? generous ? tenfold(record) : record : null,
                    null)
                : other.apply(input));
      }

      @Override
      List<String> scenarios() {
        return scenario.isEmpty() ? List.of() : List.of(scenario);
      }
    };
  }

  private static Bug member(
      String name,
      String sentence,
      Function<GuardInput.MemberChanged, GuardInput> change,
      String... caughtBy) {
    return new Bug(name, sentence, caughtBy) {
      @Override
      List<GuardInput> heard(GuardInput input, Mouth mouth) {
        return List.of(
            input instanceof GuardInput.MemberChanged changed ? change.apply(changed) : input);
      }
    };
  }

  private static Bug unit(
      String name,
      String sentence,
      Function<GuardInput.UnitChanged, GuardInput> change,
      String... caughtBy) {
    return new Bug(name, sentence, caughtBy) {
      @Override
      List<GuardInput> heard(GuardInput input, Mouth mouth) {
        return List.of(input instanceof GuardInput.UnitChanged unit ? change.apply(unit) : input);
      }
    };
  }

  private static GuardInput with(
      GuardInput.UnitChanged unit, List<Subject> shadows, List<Subject> others) {
    return new GuardInput.UnitChanged(
        unit.unit(),
        unit.volume(),
        unit.owner(),
        unit.epoch(),
        unit.copies(),
        unit.minReplicas(),
        unit.bytes(),
        shadows,
        others,
        unit.otherRegion());
  }

  private static GuardInput policies(
      GuardInput.PoliciesChanged changed,
      Bug.Mouth mouth,
      Function<PolicyRecord, @org.jspecify.annotations.Nullable PolicyRecord> change,
      @org.jspecify.annotations.Nullable PolicyRecord added) {
    List<PolicyRecord> records = new ArrayList<>();
    for (PolicyRecord record : changed.policies().records()) {
      PolicyRecord other = change.apply(record);
      if (other != null) {
        records.add(other);
      }
    }
    if (added != null) {
      records.add(added);
    }
    return new GuardInput.PoliciesChanged(
        PolicySet.of(
            records,
            changed.policies().syncedWith(mouth.incarnation) ? Set.of(mouth.incarnation) : Set.of(),
            changed.policies().version()));
  }

  private static PolicyRecord tenfold(PolicyRecord record) {
    if (record.kind() != PolicyRecord.Kind.BUDGET) {
      return record;
    }
    Map<String, String> parameters = new HashMap<>(record.parameters());
    parameters.computeIfPresent(PolicyParameters.ACTS_IN_FLIGHT, (name, text) -> text + "0");
    parameters.computeIfPresent(PolicyParameters.NODES_PER_DAY, (name, text) -> "1.0");
    return new PolicyRecord(
        record.key(),
        record.id(),
        record.kind(),
        record.version(),
        record.enabled(),
        record.scope(),
        record.entity(),
        record.act(),
        record.proposal(),
        record.author(),
        record.reason(),
        record.timeMillis(),
        record.notBeforeMillis(),
        record.expiresMillis(),
        parameters,
        record.body());
  }

  private static PolicyRecord invitation(String pool) {
    String key = "pool/" + pool + "/mode/planted";
    return new PolicyRecord(
        key,
        "planted",
        PolicyRecord.Kind.MODE,
        1,
        true,
        "pool/" + pool,
        null,
        io.forestall.decisions.ActKind.UNKNOWN,
        null,
        "bug",
        "planted",
        0,
        0,
        null,
        Map.of(PolicyParameters.MODE, "act"),
        "");
  }

  private static Incident named(Incident incident, String id) {
    return new Incident(
        id,
        incident.revision(),
        incident.state(),
        incident.severity(),
        incident.summary(),
        incident.subject(),
        incident.pool(),
        incident.predicted(),
        incident.confidence(),
        incident.horizonMillis(),
        incident.recommendation(),
        incident.recommendationReason(),
        incident.rule(),
        incident.ruleVersion(),
        incident.correlationKey(),
        incident.suspects(),
        incident.affected(),
        incident.events(),
        incident.eventCount(),
        incident.openedMillis(),
        incident.updatedMillis(),
        incident.resolvedMillis(),
        incident.inhibitedBy(),
        incident.labels());
  }

  private static GuardDecision refused(GuardDecision decision, DecisionCode code) {
    return new GuardDecision(
        decision.id() + "-again",
        decision.proposal(),
        GuardDecision.Outcome.REFUSED,
        code,
        "planted",
        decision.guards(),
        null,
        null,
        decision.policyVersion(),
        decision.acting(),
        null,
        decision.lagMillis(),
        decision.timeMillis());
  }
}
