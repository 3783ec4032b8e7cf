package io.forestall.operators.correlate;

import io.forestall.decisions.Place;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.Symptom;
import io.forestall.operators.types.AvroType;
import io.forestall.operators.types.RecordFormat;
import io.forestall.schemas.DeadLetter;
import org.apache.flink.util.OutputTag;

/** Side outputs and keys that the steps of the correlate job share. */
public final class CorrelateTags {

  /** What could not be taken in. */
  public static final OutputTag<DeadLetter> DEAD_LETTERS =
      new OutputTag<>("dead-letters", AvroType.info(DeadLetter.class));

  private CorrelateTags() {}

  /** Symptoms for the pattern of one rule. */
  public static OutputTag<Symptom> symptoms(String rule) {
    return new OutputTag<>("symptoms-" + rule, RecordFormat.SYMPTOM.info(Symptom.class));
  }

  /** Pool that decides on an input: that of its first symptom whose place is known, else empty. */
  public static String pool(IncidentInput input) {
    if (input instanceof IncidentInput.Seen seen) {
      return pool(seen.symptom());
    }
    if (input instanceof IncidentInput.Matched matched) {
      for (Symptom each : matched.symptoms()) {
        String pool = pool(each);
        if (!pool.isEmpty()) {
          return pool;
        }
      }
    }
    return "";
  }

  private static String pool(Symptom symptom) {
    Place place = symptom.place();
    return place == null ? "" : place.pool();
  }
}
