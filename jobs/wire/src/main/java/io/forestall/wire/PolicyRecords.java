package io.forestall.wire;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyProblems;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.WriteModes;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Policy;
import io.forestall.schemas.PolicyKind;
import io.forestall.wire.Signatures.Signer;
import io.forestall.wire.Signatures.Trusted;
import io.forestall.wire.Signatures.Verdict;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Between the records of topic {@code policies} and the words of operators (G1 to G3, G12, G13).
 * What makes no sense is refused, on both sides by the same check: the last good record of its key
 * stays in force. A word that lets more happen, or that nodes obey by themselves, needs the
 * signature of a trusted key where trusted keys are configured: HALT and its end, MODE {@code act},
 * APPROVAL. Keeps buffers: one for each thread.
 */
public final class PolicyRecords {

  /** Longest identifier, scope aside; characters. */
  public static final int MAX_ID_CHARS = 256;

  /** Longest name of an author; characters. */
  public static final int MAX_AUTHOR_CHARS = 128;

  /** Longest reason; characters. */
  public static final int MAX_REASON_CHARS = 1000;

  /** Most parameters of a record. */
  public static final int MAX_PARAMETERS = 64;

  /** Longest value of a parameter; characters. */
  public static final int MAX_VALUE_CHARS = 1000;

  /** Longest body; characters. */
  public static final int MAX_BODY_CHARS = 128 * 1024;

  /** Scope of what holds everywhere. */
  public static final String ALL = "all";

  private static final String POOL = "pool/";
  private static final String ZONE = "zone/";
  private static final int MAX_NAME_CHARS = 64;
  private static final int MAX_SCOPE_CHARS = MAX_ID_CHARS + 16;

  private final AvroCodec<Policy> codec;
  private final WriterSchemas writers;
  private final Trusted trusted;

  /**
   * Reads and writes records.
   *
   * @param trusted whose signatures are believed; {@link Trusted#NONE} asks for none
   */
  public PolicyRecords(Trusted trusted) {
    this(trusted, WriterSchemas.shared());
  }

  PolicyRecords(Trusted trusted, WriterSchemas writers) {
    this.codec = AvroCodec.of(Policy.class, writers);
    this.writers = writers;
    this.trusted = trusted;
  }

  /** The key of a record: {@code scope/kind/id}, the kind in lower case. */
  public static String key(String scope, PolicyRecord.Kind kind, String id) {
    return Keys.policy(scope, kind.name(), id);
  }

  /** The entity of a scope, null when the scope is wider than one thing. */
  public static @Nullable Subject entity(String scope) {
    return scope.equals(ALL) || scope.startsWith(POOL) || scope.startsWith(ZONE)
        ? null
        : Subject.parse(scope);
  }

  /**
   * True when the record counts only with the signature of a trusted key, where there are such.
   * Ending a halt needs one as the halt does.
   */
  public static boolean needsSignature(PolicyRecord record) {
    return switch (record.kind()) {
      case HALT -> true;
      case APPROVAL -> record.enabled();
      case WRITE_MODE -> WriteModes.isAsynchronous(record);
      case MODE ->
          record.enabled() && !"advise".equals(record.parameters().get(PolicyParameters.MODE));
      default -> false;
    };
  }

  /**
   * The bytes of a record.
   *
   * @param signer who signs it, null for nobody
   * @throws WireException when readers would refuse it
   */
  public byte[] write(PolicyRecord record, @Nullable Signer signer) throws WireException {
    check(record);
    Policy policy = policy(record);
    if (signer != null) {
      byte[] signed = codec.encode(policy);
      policy.setKeyId(signer.keyId());
      policy.setSignature(ByteBuffer.wrap(signer.sign(signed)));
      policy.setSigned(ByteBuffer.wrap(signed));
    }
    return codec.encode(policy);
  }

  /**
   * The record of a key and its bytes, checked wholly, its signature too.
   *
   * @throws WireException when it is none, makes no sense, or lacks a signature that it needs
   */
  public PolicyRecord read(byte[] key, byte[] value) throws WireException {
    return believe(new String(key, StandardCharsets.UTF_8), value, trusted);
  }

  /**
   * What a tombstone of a record in force means: null when it takes the record back, else why it
   * does not. A tombstone cannot be signed, so it ends no record that needed a signature and whose
   * end lets more happen; such a record is ended by a signed one that is switched off.
   *
   * @param current newest record of the key
   * @param nowMillis the time; milliseconds since 1970-01-01 UTC
   */
  public @Nullable String tombstoneProblem(PolicyRecord current, long nowMillis) {
    boolean over =
        !current.enabled()
            || (current.expiresMillis() != null && current.expiresMillis() <= nowMillis);
    return trusted.isEmpty() || over || current.kind() != PolicyRecord.Kind.HALT
        ? null
        : "a tombstone cannot be signed and so ends no halt: use forestall resume with a key";
  }

  /**
   * Why a record does not take the place of another of its key, null when it does. Versions grow:
   * an older one that comes again, signed as it is, was copied by somebody who may not sign.
   *
   * @param current bytes of the record in force
   * @param next what came after it
   */
  public @Nullable String orderProblem(byte[] current, PolicyRecord next) {
    long version;
    try {
      version = codec.decode(current).getVersion();
    } catch (WireException e) {
      return null;
    }
    return next.version() >= version
        ? null
        : "version "
            + next.version()
            + " of policy "
            + shown(next.key())
            + " comes after version "
            + version;
  }

  private PolicyRecord believe(String key, byte[] value, Trusted trusted) throws WireException {
    Policy outer = codec.decode(value);
    PolicyRecord record = record(key, outer, value);
    check(record);
    String expected = key(record.scope(), record.kind(), record.id());
    if (!expected.equals(key)) {
      throw new WireException(
          DeadReason.OUT_OF_RANGE,
          "the key of the policy is " + shown(key) + " and not " + shown(expected));
    }
    Verdict verdict = verdict(outer, trusted);
    if (verdict == Verdict.WRONG) {
      throw refused(record, verdict);
    }
    if (!trusted.isEmpty() && needsSignature(record) && verdict != Verdict.VALID) {
      throw refused(record, verdict);
    }
    return record;
  }

  private static WireException refused(PolicyRecord record, Verdict verdict) {
    return new WireException(
        DeadReason.OTHER,
        "policy "
            + shown(key(record.scope(), record.kind(), record.id()))
            + " is not believed: "
            + verdict.words());
  }

  /** Whether the signature fits, and what was signed is what the record says. */
  private Verdict verdict(Policy outer, Trusted trusted) {
    ByteBuffer signature = outer.getSignature();
    ByteBuffer signed = outer.getSigned();
    String keyId = outer.getKeyId();
    if (signature == null && signed == null && keyId == null) {
      return Verdict.UNSIGNED;
    }
    if (signature == null || signed == null || keyId == null) {
      return Verdict.WRONG;
    }
    byte[] bytes = bytes(signed);
    Policy inner;
    try {
      inner = codec.decode(bytes);
    } catch (WireException e) {
      return Verdict.WRONG;
    }
    Policy plain =
        Policy.newBuilder(outer).setKeyId(null).setSignature(null).setSigned(null).build();
    if (!plain.equals(inner)) {
      return Verdict.WRONG;
    }
    return trusted.verify(keyId, bytes, bytes(signature));
  }

  /**
   * Refuses a record that makes no sense.
   *
   * @throws WireException with what is wrong, as one sentence
   */
  public static void check(PolicyRecord record) throws WireException {
    if (record.kind() == PolicyRecord.Kind.UNKNOWN) {
      throw new WireException(
          DeadReason.WRONG_TYPE, "the policy is of a kind that is not known here");
    }
    word("id", record.id(), MAX_ID_CHARS);
    if (record.id().indexOf('/') >= 0) {
      throw new WireException(
          DeadReason.OUT_OF_RANGE, "the id of the policy holds a slash: " + shown(record.id()));
    }
    word("scope", record.scope(), MAX_SCOPE_CHARS);
    scope(record);
    word("author", record.author(), MAX_AUTHOR_CHARS);
    // A guard that starts and a rule of a file speak for themselves.
    boolean silent =
        record.kind() == PolicyRecord.Kind.SYNC || record.kind() == PolicyRecord.Kind.RULE;
    if (!silent || !record.reason().isEmpty()) {
      word("reason", record.reason(), MAX_REASON_CHARS);
    }
    String proposal = record.proposal();
    if (proposal != null) {
      word("proposal", proposal, MAX_ID_CHARS);
    }
    if (record.version() < 1) {
      throw new WireException(
          DeadReason.OUT_OF_RANGE, "the version of the policy is " + record.version());
    }
    times(record);
    if (record.parameters().size() > MAX_PARAMETERS) {
      throw new WireException(
          DeadReason.TOO_LARGE, "the policy has more than " + MAX_PARAMETERS + " parameters");
    }
    for (Map.Entry<String, String> parameter : record.parameters().entrySet()) {
      word("name of a parameter", parameter.getKey(), MAX_NAME_CHARS);
      word("parameter " + parameter.getKey(), parameter.getValue(), MAX_VALUE_CHARS);
    }
    if (record.body().length() > MAX_BODY_CHARS) {
      throw new WireException(
          DeadReason.TOO_LARGE,
          "the body of the policy has " + record.body().length() + " characters");
    }
    List<String> problems = PolicyProblems.of(record);
    if (!problems.isEmpty()) {
      throw new WireException(
          DeadReason.OUT_OF_RANGE, "the policy makes no sense: " + String.join("; ", problems));
    }
  }

  private static void scope(PolicyRecord record) throws WireException {
    String scope = record.scope();
    if (scope.equals(ALL)) {
      if (record.entity() == null) {
        return;
      }
    } else {
      Subject subject;
      try {
        subject = Subject.parse(scope);
      } catch (IllegalArgumentException e) {
        throw new WireException(
            DeadReason.UNKNOWN_ENTITY,
            "the scope of the policy is "
                + shown(scope)
                + ": it is all, pool/ID, zone/ID or the key of an entity such as node/n-0001");
      }
      if (Objects.equals(entity(scope), record.entity()) && subject.toString().equals(scope)) {
        return;
      }
    }
    throw new WireException(
        DeadReason.UNKNOWN_ENTITY,
        "the entity of the policy is " + record.entity() + " but its scope is " + shown(scope));
  }

  private static void times(PolicyRecord record) throws WireException {
    Long expires = record.expiresMillis();
    if (outOfRange(record.timeMillis())
        || outOfRange(record.notBeforeMillis())
        || (expires != null && outOfRange(expires))) {
      throw new WireException(
          DeadReason.TIME_OUT_OF_RANGE, "a time of the policy is not between 2000 and 2100");
    }
    if (expires != null && expires <= record.notBeforeMillis()) {
      throw new WireException(
          DeadReason.TIME_OUT_OF_RANGE, "the policy would end before it begins");
    }
  }

  private static boolean outOfRange(long millis) {
    return millis < FrameLimits.YEAR_2000_MILLIS || millis > FrameLimits.YEAR_2100_MILLIS;
  }

  private static void word(String what, String text, int most) throws WireException {
    if (text.isBlank()) {
      throw new WireException(DeadReason.MISSING_FIELD, "the policy has no " + what);
    }
    if (text.length() > most) {
      throw new WireException(
          DeadReason.TOO_LARGE,
          "the " + what + " of the policy has " + text.length() + " characters, at most " + most);
    }
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw new WireException(
          DeadReason.OUT_OF_RANGE, "the " + what + " of the policy holds a control character");
    }
  }

  /** The record as Avro, unsigned. */
  static Policy policy(PolicyRecord record) {
    Subject entity = record.entity();
    Policy policy = new Policy();
    policy.setId(record.id());
    policy.setKind(PolicyKind.valueOf(record.kind().name()));
    policy.setVersion(record.version());
    policy.setEnabled(record.enabled());
    policy.setScope(record.scope());
    policy.setEntity(entity == null ? null : FleetEntries.entity(entity));
    policy.setAct(io.forestall.schemas.ActKind.valueOf(record.act().name()));
    policy.setProposal(record.proposal());
    policy.setAuthor(record.author());
    policy.setReason(record.reason());
    policy.setTimeMillis(record.timeMillis());
    policy.setNotBeforeMillis(record.notBeforeMillis());
    policy.setExpiresMillis(record.expiresMillis());
    // Sorted, so that the same record gives the same bytes.
    policy.setParameters(new TreeMap<>(record.parameters()));
    policy.setBody(record.body());
    return policy;
  }

  private PolicyRecord record(String key, Policy policy, byte[] value) throws WireException {
    if (policy.getAct() == io.forestall.schemas.ActKind.UNKNOWN && newerActs(value)) {
      // Read as UNKNOWN, which means all acts, it would let more happen than its author meant.
      throw new WireException(
          DeadReason.UNKNOWN_SCHEMA,
          "the policy may name an act that is not known here: a newer version wrote it");
    }
    EntityRef entity = policy.getEntity();
    Subject subject = null;
    if (entity != null) {
      try {
        subject = Subject.parse(Keys.of(entity));
      } catch (IllegalArgumentException e) {
        throw new WireException(
            DeadReason.UNKNOWN_ENTITY, "the policy names an entity that is not known here");
      }
    }
    return new PolicyRecord(
        key,
        policy.getId(),
        PolicyRecord.Kind.valueOf(policy.getKind().name()),
        policy.getVersion(),
        policy.getEnabled(),
        policy.getScope(),
        subject,
        ActKind.valueOf(policy.getAct().name()),
        policy.getProposal(),
        policy.getAuthor(),
        policy.getReason(),
        policy.getTimeMillis(),
        policy.getNotBeforeMillis(),
        policy.getExpiresMillis(),
        policy.getParameters(),
        policy.getBody());
  }

  /** True when the writer knows kinds of acts that this reader does not. */
  private boolean newerActs(byte[] value) throws WireException {
    Schema writer = writers.find(AvroCodec.fingerprintOf(value));
    if (writer == null) {
      return true;
    }
    Schema.Field act = writer.getField("act");
    return act != null
        && act.schema().getType() == Schema.Type.ENUM
        && !io.forestall.schemas.ActKind.getClassSchema()
            .getEnumSymbols()
            .containsAll(act.schema().getEnumSymbols());
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  /** A text of others in a message: bounded, one line. */
  private static String shown(String text) {
    String cut = text.length() <= 80 ? text : text.substring(0, 80) + "...";
    return "'" + cut.replaceAll("\\p{Cntrl}", ".") + "'";
  }
}
