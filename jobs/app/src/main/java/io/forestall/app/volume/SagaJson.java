package io.forestall.app.volume;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Proposal.UnitStep;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Sagas as JSON, the same for the command line and over HTTP. Stateless. */
public final class SagaJson {

  private SagaJson() {}

  /** One saga as the list shows it. */
  public static ObjectNode saga(SagaView.Saga saga) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("admission", saga.admission());
    node.put("proposal", saga.proposal());
    node.put("act", SagaView.lower(saga.act().name()));
    node.put("subject", saga.subject().toString());
    node.put("pool", saga.pool());
    node.put("predicted", saga.predicted());
    node.put("source", name(saga.source()));
    node.put("target", name(saga.target()));
    node.put("units", saga.units().size());
    node.put("state", SagaView.lower(saga.state()));
    node.put("open", saga.open());
    node.put("pastFence", saga.pastFence());
    node.put("text", saga.text());
    node.put("issuedMillis", saga.issuedMillis());
    node.put("expiresMillis", saga.expiresMillis());
    node.put("lastMillis", saga.lastMillis());
    node.put("endedMillis", saga.endedMillis());
    node.put("pauseMillis", saga.pauseMillis());
    node.put("clientPauseMillis", saga.clientPauseMillis());
    return node;
  }

  /** One saga with its steps, commands and pauses. */
  public static ObjectNode detail(SagaView.Detail detail) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.set("saga", saga(detail.saga()));
    ArrayNode units = node.putArray("units");
    for (UnitStep unit : detail.saga().units()) {
      units
          .addObject()
          .put("unit", unit.unit())
          .put("expectedEpoch", unit.expectedEpoch())
          .put("newEpoch", unit.newEpoch());
    }
    ArrayNode steps = node.putArray("steps");
    for (SagaView.Step step : detail.steps()) {
      steps
          .addObject()
          .put("state", SagaView.lower(step.state()))
          .put("text", step.text())
          .put("timeMillis", step.timeMillis());
    }
    ArrayNode orders = node.putArray("commands");
    for (SagaView.Order order : detail.orders()) {
      ObjectNode one = orders.addObject();
      one.put("id", order.command());
      one.put("kind", SagaView.lower(order.kind()));
      one.put("addressee", order.addressee());
      one.put("attempt", order.attempt());
      one.put("reason", order.reason());
      one.put("timeMillis", order.timeMillis());
      ArrayNode answers = one.putArray("answers");
      for (SagaView.Answer answer : order.answers()) {
        answers
            .addObject()
            .put("from", answer.from().toString())
            .put("status", SagaView.lower(answer.status()))
            .put("code", answer.code())
            .put("text", answer.text())
            .put("duplicate", answer.duplicate())
            .put("timeMillis", answer.timeMillis());
      }
    }
    node.set("pauses", pauses(detail.pauses(), pause -> detail.saga().admission()));
    return node;
  }

  /**
   * Pauses that clients saw.
   *
   * @param act admission of the act that a pause belongs to; null for none
   */
  public static ArrayNode pauses(
      List<SagaView.Pause> pauses, Function<SagaView.Pause, @Nullable String> act) {
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    for (SagaView.Pause pause : pauses) {
      all.addObject()
          .put("volume", pause.volume())
          .put("client", pause.client())
          .put("pauseMillis", pause.pauseMillis())
          .put("timeMillis", pause.timeMillis())
          .put("admission", act.apply(pause));
    }
    return all;
  }

  private static @Nullable String name(@Nullable Subject subject) {
    return subject == null ? null : subject.toString();
  }
}
