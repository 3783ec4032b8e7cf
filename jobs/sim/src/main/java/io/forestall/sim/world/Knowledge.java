package io.forestall.sim.world;

import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.risk.Tier;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What one instance of the decide job has read of one pool, kept beside its decider and by other
 * means: what may be expected of it.
 */
final class Knowledge {
  final Map<String, Place> places = new TreeMap<>();
  final Map<String, Long> freeBytes = new HashMap<>();
  final Map<String, GuardInput.RiskChanged> risks = new HashMap<>();
  final Map<String, List<Subject>> zones = new TreeMap<>();
  final Map<String, GuardInput.UnitChanged> units = new TreeMap<>();
  final Set<String> proposals = new HashSet<>();
  AdmissionFold log = new AdmissionFold();
  long newestRiskMillis = Long.MIN_VALUE;
  long modelPublishedMillis = Long.MIN_VALUE;

  /** The start that runs, null before the first. */
  @Nullable String incarnation;

  boolean markRead;
  boolean superseded;

  /** Numbers of admissions this start has said and not read back. */
  final Set<Long> tentative = new HashSet<>();

  /** Admissions that this start has said: what is sent again was judged when it was said first. */
  final Set<String> said = new HashSet<>();

  void take(GuardInput input) {
    if (input instanceof GuardInput.Started started) {
      incarnation = started.incarnation();
      markRead = false;
      superseded = false;
      tentative.clear();
      said.clear();
    } else if (input instanceof GuardInput.MemberChanged changed) {
      String node = changed.member().subject().toString();
      places.put(node, changed.member().place());
      if (changed.freeBytes() != null) {
        freeBytes.put(node, changed.freeBytes());
      }
    } else if (input instanceof GuardInput.MemberLeft left) {
      places.remove(left.member().toString());
      freeBytes.remove(left.member().toString());
      risks.remove(left.member().toString());
    } else if (input instanceof GuardInput.RiskChanged risk) {
      GuardInput.RiskChanged before = risks.get(risk.entity().toString());
      if (before == null || risk.timeMillis() >= before.timeMillis()) {
        risks.put(risk.entity().toString(), risk);
      }
      if (!risk.stale()) {
        newestRiskMillis = Math.max(newestRiskMillis, risk.timeMillis());
      }
    } else if (input instanceof GuardInput.ZoneChanged zone) {
      if (zone.members().isEmpty()) {
        zones.remove(zone.zone());
      } else {
        zones.put(zone.zone(), zone.members());
      }
    } else if (input instanceof GuardInput.UnitChanged unit) {
      GuardInput.UnitChanged before = units.get(unit.unit());
      if (before == null || unit.epoch() >= before.epoch()) {
        units.put(unit.unit(), unit);
      }
    } else if (input instanceof GuardInput.UnitLeft left) {
      units.remove(left.unit());
    } else if (input instanceof GuardInput.AdmissionRead read) {
      Admission admission = read.admission();
      if (log.take(admission) == AdmissionFold.Meaning.MARK) {
        if (admission.id().equals(incarnation)) {
          markRead = true;
        } else if (markRead) {
          superseded = true;
        }
      } else if (admission.state() == Admission.State.ADMITTED) {
        tentative.remove(admission.sequence());
      }
    } else if (input instanceof GuardInput.ModelPublished model) {
      modelPublishedMillis = Math.max(modelPublishedMillis, model.publishedMillis());
    }
  }

  /** Nodes whose tier is WARNING or worse. */
  int atRisk() {
    int count = 0;
    for (GuardInput.RiskChanged risk : risks.values()) {
      if (risk.tier().compareTo(Tier.WARNING) >= 0
          && places.containsKey(risk.entity().toString())) {
        count++;
      }
    }
    return count;
  }

  Knowledge copy() {
    Knowledge copy = new Knowledge();
    copy.places.putAll(places);
    copy.freeBytes.putAll(freeBytes);
    copy.risks.putAll(risks);
    copy.zones.putAll(zones);
    copy.units.putAll(units);
    copy.proposals.addAll(proposals);
    copy.log = log.copy();
    copy.newestRiskMillis = newestRiskMillis;
    copy.modelPublishedMillis = modelPublishedMillis;
    copy.incarnation = incarnation;
    copy.markRead = markRead;
    copy.superseded = superseded;
    copy.tentative.addAll(tentative);
    copy.said.addAll(said);
    return copy;
  }
}
