package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import io.forestall.decisions.guard.WriteModes;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Policy;
import io.forestall.schemas.PolicyKind;
import io.forestall.wire.Signatures.Signer;
import io.forestall.wire.Signatures.Trusted;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class PolicyRecordsTest {

  private static final long NOW = 1_700_000_000_000L;
  private static final long HOUR = 3_600_000L;

  private final Signer signer = TestingKeys.signer();
  private final PolicyRecords open = new PolicyRecords(Trusted.NONE);
  private final PolicyRecords strict = new PolicyRecords(signer.trusted());

  @Test
  void theBytesOfASignedRecordNeverChange() throws WireException {
    byte[] bytes = open.write(halt(), signer);

    assertThat(HexFormat.of().formatHex(bytes)).isEqualTo(GOLDEN);
    for (String written : List.of(GOLDEN, BEFORE_WRITE_MODE)) {
      assertThat(strict.read(key(halt()), HexFormat.of().parseHex(written))).isEqualTo(halt());
    }
  }

  @ParameterizedTest
  @EnumSource(value = Kind.class, names = "UNKNOWN", mode = EnumSource.Mode.EXCLUDE)
  void everyKindComesBackAsItWasWritten(Kind kind) throws WireException {
    PolicyRecord record = sensible(kind);

    assertThat(open.read(key(record), open.write(record, null))).isEqualTo(record);
    assertThat(strict.read(key(record), strict.write(record, signer))).isEqualTo(record);
    assertThat(PolicyKind.valueOf(kind.name()).name()).isEqualTo(kind.name());
  }

  static Stream<Arguments> wrongRecords() {
    return Stream.of(
        Arguments.of("kind", change(r -> r.kind = Kind.UNKNOWN), "a kind that is not known here"),
        Arguments.of("author", change(r -> r.author = " "), "the policy has no author"),
        Arguments.of("reason", change(r -> r.reason = ""), "the policy has no reason"),
        Arguments.of("long", change(r -> r.reason = "x".repeat(1001)), "has 1001 characters"),
        Arguments.of("control", change(r -> r.reason = "a\u001b[2Jb"), "a control character"),
        Arguments.of("id", change(r -> r.id = ""), "the policy has no id"),
        Arguments.of("slash", change(r -> r.id = "a/b"), "holds a slash"),
        Arguments.of("scope", change(r -> r.scope = "everywhere"), "the scope of the policy is"),
        Arguments.of("scope", change(r -> r.scope = "planet/mars"), "the scope of the policy is"),
        Arguments.of("entity", change(r -> r.entity = Subject.node("n-2")), "but its scope is"),
        Arguments.of(
            "entity", change(r -> r.scope = "node/n-1"), "the entity of the policy is null"),
        Arguments.of("case", change(r -> r.scope = "POOL/p1"), "but its scope is"),
        Arguments.of("version", change(r -> r.version = 0), "the version of the policy is 0"),
        Arguments.of("expiry", change(r -> r.expires = NOW), "would end before it begins"),
        Arguments.of(
            "start", change(r -> r.notBefore = NOW + 2 * HOUR), "would end before it begins"),
        Arguments.of("time", change(r -> r.time = -1), "is not between 2000 and 2100"),
        Arguments.of("for ever", change(r -> r.expires = Long.MAX_VALUE), "between 2000 and 2100"),
        Arguments.of("proposal", change(r -> r.proposal = ""), "the policy has no proposal"),
        Arguments.of(
            "parameters",
            change(
                r -> {
                  for (int i = 0; i < 65; i++) {
                    r.parameters.put("p" + i, "1");
                  }
                }),
            "more than 64 parameters"),
        Arguments.of("value", change(r -> r.parameters.put("mode", "")), "no parameter mode"),
        Arguments.of(
            "parameter", change(r -> r.parameters.put("mode", "act")), "has no parameter 'mode'"),
        Arguments.of("end", change(r -> r.expires = null), "must expire"),
        Arguments.of(
            "body",
            change(r -> r.body = "x".repeat(128 * 1024 + 1)),
            "the body of the policy has"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("wrongRecords")
  void whatMakesNoSenseIsNeitherWrittenNorRead(String what, PolicyRecord wrong, String message) {
    assertThatThrownBy(() -> open.write(wrong, null))
        .isInstanceOf(WireException.class)
        .hasMessageContaining(message);
    // Whoever writes past the check is refused by every reader.
    byte[] bytes = AvroCodec.of(Policy.class).encode(PolicyRecords.policy(wrong));
    assertThatThrownBy(() -> open.read(key(wrong), bytes))
        .isInstanceOf(WireException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aKeyThatIsNotTheRecordsIsRefused() throws WireException {
    byte[] bytes = open.write(halt(), signer);

    assertThatThrownBy(() -> strict.read(bytes("pool/p2/halt/halt"), bytes))
        .hasMessage("the key of the policy is 'pool/p2/halt/halt' and not 'pool/p1/halt/halt'");
  }

  static Stream<Arguments> signatures() {
    Map<String, String> act = Map.of(PolicyParameters.MODE, "act");
    Map<String, String> advise = Map.of(PolicyParameters.MODE, "advise");
    return Stream.of(
        Arguments.of(halt(), true),
        Arguments.of(off(halt()), true),
        Arguments.of(simple(Kind.APPROVAL, Map.of()), true),
        Arguments.of(off(simple(Kind.APPROVAL, Map.of())), false),
        Arguments.of(simple(Kind.MODE, act), true),
        Arguments.of(off(simple(Kind.MODE, act)), false),
        Arguments.of(simple(Kind.MODE, advise), false),
        Arguments.of(simple(Kind.MAINTENANCE, Map.of()), false),
        Arguments.of(sensible(Kind.DENIAL), false),
        Arguments.of(writeMode(asynchronous()), true),
        Arguments.of(off(writeMode(asynchronous())), false),
        Arguments.of(writeMode(Map.of(PolicyParameters.WRITE_MODE, WriteModes.SYNCHRONOUS)), false),
        Arguments.of(simple(Kind.SYNC, Map.of()), false));
  }

  @ParameterizedTest
  @MethodSource("signatures")
  void whatLetsMoreHappenNeedsASignatureWhereKeysAreTrusted(PolicyRecord record, boolean needed)
      throws WireException {
    byte[] unsigned = open.write(record, null);

    assertThat(open.read(key(record), unsigned)).isEqualTo(record);
    if (needed) {
      assertThatThrownBy(() -> strict.read(key(record), unsigned))
          .hasMessage("policy '" + record.key() + "' is not believed: it is not signed");
    } else {
      assertThat(strict.read(key(record), unsigned)).isEqualTo(record);
    }
    assertThat(strict.read(key(record), strict.write(record, signer))).isEqualTo(record);
  }

  @Test
  void aWrongSignatureIsRefusedWhateverTheKind(@TempDir Path folder) throws Exception {
    Signer other = Signatures.generate(folder.resolve("o.key"), folder.resolve("o.pub"));
    PolicyRecord maintenance = simple(Kind.MAINTENANCE, Map.of());
    byte[] byOther = open.write(halt(), other);

    assertThatThrownBy(() -> strict.read(key(halt()), byOther))
        .hasMessageEndingWith("is not believed: its key is not trusted here");
    // An old key says no more than nobody, and nobody may announce maintenance.
    assertThat(strict.read(key(maintenance), open.write(maintenance, other)))
        .isEqualTo(maintenance);

    for (Consumer<Policy> change : tampering(other)) {
      Policy policy = AvroCodec.of(Policy.class).decode(open.write(maintenance, signer));
      change.accept(policy);
      byte[] changed = AvroCodec.of(Policy.class).encode(policy);
      assertThatThrownBy(() -> strict.read(key(maintenance), changed))
          .hasMessageEndingWith("is not believed: its signature does not fit its bytes");
    }
  }

  private Iterable<Consumer<Policy>> tampering(Signer other) {
    return Arrays.asList(
        policy -> policy.setReason("another reason"),
        policy -> policy.setExpiresMillis(NOW + 2 * HOUR),
        policy -> policy.setSignature(null),
        policy -> policy.setSigned(null),
        policy -> policy.setSigned(ByteBuffer.wrap(new byte[] {1, 2, 3})),
        policy -> policy.setSignature(ByteBuffer.wrap(new byte[64])),
        policy -> policy.setSignature(ByteBuffer.wrap(other.sign(policy.getSigned().array()))),
        policy -> policy.setKeyId(null));
  }

  @Test
  void aTombstoneEndsNoHaltWhereKeysAreTrusted() {
    assertThat(strict.tombstoneProblem(halt(), NOW)).contains("forestall resume");
    assertThat(strict.tombstoneProblem(off(halt()), NOW)).isNull();
    assertThat(open.tombstoneProblem(halt(), NOW)).isNull();
    assertThat(strict.tombstoneProblem(simple(Kind.SILENCE, Map.of()), NOW)).isNull();
    PolicyRecord ending =
        record("pool/p1", Kind.HALT, "halt", ActKind.UNKNOWN, NOW, NOW + HOUR, Map.of());
    assertThat(strict.tombstoneProblem(ending, NOW + HOUR - 1)).isNotNull();
    assertThat(strict.tombstoneProblem(ending, NOW + HOUR)).isNull();
  }

  @Test
  void anOlderVersionThatComesAgainTakesNoPlace() throws WireException {
    PolicyRecord first = halt();
    PolicyRecord second = off(first);
    byte[] newest = strict.write(second, signer);

    assertThat(strict.orderProblem(newest, first))
        .isEqualTo("version 1 of policy 'pool/p1/halt/halt' comes after version 2");
    assertThat(strict.orderProblem(newest, second)).isNull();
    assertThat(strict.orderProblem(strict.write(first, signer), second)).isNull();
    assertThat(strict.orderProblem(new byte[] {1}, first)).isNull();
  }

  @Test
  void anyBytesAreRefusedOrARecordAndNothingElse() throws WireException {
    long seed = 20_261_121L;
    Random random = new Random(seed);
    byte[] good = open.write(halt(), signer);
    int refused = 0;
    for (int i = 0; i < 3_000; i++) {
      byte[] bytes = Arrays.copyOf(good, i % 3 == 0 ? random.nextInt(good.length) : good.length);
      for (int flips = random.nextInt(4); bytes.length > 10 && flips >= 0; flips--) {
        bytes[10 + random.nextInt(bytes.length - 10)] ^= (byte) (1 << random.nextInt(8));
      }
      if (Arrays.equals(bytes, good)) {
        continue;
      }
      try {
        strict.read(key(halt()), bytes);
        throw new AssertionError("seed " + seed + ", step " + i + ": a changed halt was believed");
      } catch (WireException e) {
        refused++;
        assertThat(e.getMessage()).doesNotContain("\n").hasSizeLessThan(2000);
      }
    }
    assertThat(refused).as("seed %d", seed).isGreaterThan(2_900);
  }

  @Test
  void anActOfANewerWriterIsNotReadAsAllActs() throws Exception {
    WriterSchemas writers = WriterSchemas.released();
    PolicyRecords reader = new PolicyRecords(Trusted.NONE, writers);
    String newer =
        Policy.getClassSchema().toString().replaceFirst("\"REPAIR\"", "\"REPAIR\",\"TELEPORT\"");
    Schema schema = new Schema.Parser().parse(newer);
    writers.addTrusted(schema);
    GenericRecord generic =
        AvroCodec.generic(schema, writers)
            .decode(AvroCodec.of(Policy.class).encode(PolicyRecords.policy(halt())));
    generic.put("act", new GenericData.EnumSymbol(schema.getField("act").schema(), "TELEPORT"));
    byte[] bytes = AvroCodec.generic(schema, writers).encode(generic);

    assertThatThrownBy(() -> reader.read(key(halt()), bytes))
        .isInstanceOfSatisfying(
            WireException.class, e -> assertThat(e.reason()).isEqualTo(DeadReason.UNKNOWN_SCHEMA))
        .hasMessageContaining("an act that is not known here");
  }

  // A record with one thing changed.
  private static final class Draft {
    private String id = "x-1";
    private Kind kind = Kind.MAINTENANCE;
    private long version = 3;
    private String scope = "pool/p1";
    private @Nullable Subject entity;
    private @Nullable String proposal;
    private String author = "mara";
    private String reason = "new firmware";
    private long time = NOW;
    private long notBefore = NOW;
    private @Nullable Long expires = NOW + HOUR;
    private final Map<String, String> parameters = new HashMap<>();
    private String body = "";
  }

  private static PolicyRecord change(Consumer<Draft> change) {
    Draft draft = new Draft();
    change.accept(draft);
    return new PolicyRecord(
        PolicyRecords.key(draft.scope, draft.kind, draft.id),
        draft.id,
        draft.kind,
        draft.version,
        true,
        draft.scope,
        draft.entity,
        ActKind.UNKNOWN,
        draft.proposal,
        draft.author,
        draft.reason,
        draft.time,
        draft.notBefore,
        draft.expires,
        draft.parameters,
        draft.body);
  }

  private static PolicyRecord halt() {
    return record("pool/p1", Kind.HALT, "halt", ActKind.UNKNOWN, NOW, null, Map.of());
  }

  private static PolicyRecord simple(Kind kind, Map<String, String> parameters) {
    return record("node/n-1", kind, "x-1", ActKind.FAILOVER, NOW, NOW + HOUR, parameters);
  }

  /** A record of the kind that makes sense. */
  private static PolicyRecord sensible(Kind kind) {
    Map<String, String> parameters =
        switch (kind) {
          case MODE -> Map.of(PolicyParameters.MODE, "act", PolicyParameters.APPROVAL, "true");
          case BUDGET -> Map.of(PolicyParameters.ACTS_IN_FLIGHT, "2");
          case OVERRIDE -> Map.of(PolicyParameters.TIER, "healthy");
          case PIN -> Map.of(PolicyParameters.TARGET, "node/n-2");
          case CANCEL -> Map.of(PolicyParameters.ADMISSION, "a-1");
          case APPROVAL -> Map.of(PolicyParameters.MAX_COST, "64 gb");
          case WRITE_MODE -> asynchronous();
          default -> Map.of();
        };
    if (kind == Kind.WRITE_MODE) {
      return writeMode(parameters);
    }
    PolicyRecord record =
        record("pool/p1", kind, "x-1", ActKind.MIGRATE, NOW, NOW + HOUR, parameters);
    return kind == Kind.DENIAL ? about(record, "pr-1") : record;
  }

  private static PolicyRecord writeMode(Map<String, String> parameters) {
    return record(
        "volume/v", Kind.WRITE_MODE, WriteModes.ID, ActKind.UNKNOWN, NOW, NOW + HOUR, parameters);
  }

  private static Map<String, String> asynchronous() {
    return Map.of(
        PolicyParameters.WRITE_MODE, WriteModes.ASYNCHRONOUS, PolicyParameters.ASYNC_BOUND, "2s");
  }

  private static PolicyRecord about(PolicyRecord record, String proposal) {
    return new PolicyRecord(
        record.key(),
        record.id(),
        record.kind(),
        record.version(),
        record.enabled(),
        record.scope(),
        record.entity(),
        record.act(),
        proposal,
        record.author(),
        record.reason(),
        record.timeMillis(),
        record.notBeforeMillis(),
        record.expiresMillis(),
        record.parameters(),
        record.body());
  }

  private static PolicyRecord off(PolicyRecord on) {
    return new PolicyRecord(
        on.key(),
        on.id(),
        on.kind(),
        on.version() + 1,
        false,
        on.scope(),
        on.entity(),
        on.act(),
        on.proposal(),
        on.author(),
        on.reason(),
        on.timeMillis(),
        on.notBeforeMillis(),
        on.expiresMillis(),
        on.parameters(),
        on.body());
  }

  private static PolicyRecord record(
      String scope,
      Kind kind,
      String id,
      ActKind act,
      long notBefore,
      @Nullable Long expires,
      Map<String, String> parameters) {
    return new PolicyRecord(
        PolicyRecords.key(scope, kind, id),
        id,
        kind,
        1,
        true,
        scope,
        PolicyRecords.entity(scope),
        act,
        null,
        "mara",
        "rack work",
        NOW,
        notBefore,
        expires,
        parameters,
        "");
  }

  private static byte[] key(PolicyRecord record) {
    return bytes(record.key());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static final String GOLDEN =
      "c30167bfee338021718e0868616c741602010e706f6f6c2f7031000000086d617261127261636b20"
          + "776f726b80a0abfef96280a0abfef962000000022038643339626135306162653530663737028001"
          + "3e092b5c3ba0733abd7fa1a7d7d437882730b0da3650edb5be8c24149733a3bd53c09d0745e2f5cc"
          + "fb4b6c8d7c0cbdf606b37fe450c3262a283be152d6b0770f027cc30167bfee338021718e0868616c"
          + "741602010e706f6f6c2f7031000000086d617261127261636b20776f726b80a0abfef96280a0abfe"
          + "f962000000000000";

  /** As a release before the kind WRITE_MODE wrote it. */
  private static final String BEFORE_WRITE_MODE =
      "c301cbd9e228cf1d92640868616c741602010e706f6f6c2f7031000000086d617261127261636b20"
          + "776f726b80a0abfef96280a0abfef962000000022038643339626135306162653530663737028001"
          + "002fe1ba2d747b7a439022e75a7b77282e99a52237785a3c47750e48759d78b1da2cdb04a1b70bc2"
          + "316557209d140f549c4ff5b4f5e89b047aba956443991304027cc301cbd9e228cf1d92640868616c"
          + "741602010e706f6f6c2f7031000000086d617261127261636b20776f726b80a0abfef96280a0abfe"
          + "f962000000000000";
}
