package io.forestall.app.operate;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.PolicyRecord;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Policies as JSON; the schema WrittenPolicy of openapi.json. Stateless. */
final class PolicyJson {

  private PolicyJson() {}

  static ObjectNode written(Written written, long nowMillis) {
    return of(written.record(), written.keyId(), written.offset(), nowMillis);
  }

  static ObjectNode of(PolicyRecord record, @Nullable String keyId, long offset, long nowMillis) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("key", record.key());
    node.put("id", record.id());
    node.put("kind", Words.lower(record.kind()));
    node.put("scope", record.scope());
    node.put("act", record.act() == ActKind.UNKNOWN ? null : Words.lower(record.act()));
    node.put("proposal", record.proposal());
    node.put("version", record.version());
    node.put("enabled", record.enabled());
    node.put("author", record.author());
    node.put("reason", record.reason());
    node.put("timeMillis", record.timeMillis());
    node.put("fromMillis", record.notBeforeMillis());
    node.put("expiresMillis", record.expiresMillis());
    ObjectNode parameters = node.putObject("parameters");
    new TreeMap<>(record.parameters()).forEach(parameters::put);
    node.put("keyId", keyId);
    node.put("offset", offset);
    node.put("says", PolicySentences.of(record, nowMillis));
    return node;
  }
}
