package io.forestall.app.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class EvaluateAlarmsCommandTest {
  private static final long SEED = 7;
  private static final int FAULTS = 24;
  private static final int SERVICES = 8;
  private static final int NODES = 4;
  private static final int PODS = 3;
  private static final String[] RESOURCES = {"cpu", "memory", "reads", "writes", "threads"};

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void namesTheRootOfInjectedFaultsAndLosesNothing(@TempDir Path folder) throws IOException {
    services(folder.resolve("system-a"));
    assertThat(run("--output", "json", "--data", folder.toString()))
        .as(err.toString())
        .isEqualTo(ExitCodes.OK);
    JsonNode stream = new ObjectMapper().readTree(out.toString()).at("/streams/system-a");
    assertThat(stream.path("faults").asInt()).isEqualTo(FAULTS);
    assertThat(stream.path("criticalAlarms").asInt()).isGreaterThan(0);
    JsonNode own = stream.path("forestall");
    assertThat(own.path("lostCriticals").asInt(-1)).isZero();
    assertThat(own.at("/all/exactlyOneIncident").asDouble())
        .as("seed %d", SEED)
        .isGreaterThanOrEqualTo(0.9);
    assertThat(own.at("/all/top1").asDouble()).as("seed %d", SEED).isGreaterThan(0.7);
    assertThat(own.at("/all/top3").asDouble()).as("seed %d", SEED).isGreaterThan(0.85);
    double frequent = stream.at("/gapsMostFrequent/all/top1").asDouble(-1);
    assertThat(own.at("/all/top1").asDouble()).isGreaterThan(frequent + 0.2);
    assertThat(own.at("/byLevel/node/faults").asInt()).isEqualTo(FAULTS / 3);
  }

  @Test
  void findsTheTypeThatComesBeforeTheOthers(@TempDir Path folder) throws IOException {
    devices(folder);
    assertThat(run("--output", "json", "--data", folder.toString()))
        .as(err.toString())
        .isEqualTo(ExitCodes.OK);
    JsonNode roots =
        new ObjectMapper()
            .readTree(out.toString())
            .path("streams")
            .elements()
            .next()
            .path("alarmTypeRoots");
    assertThat(roots.path("sets").asInt()).isEqualTo(1);
    assertThat(roots.path("top1").asDouble()).as("seed %d", SEED).isEqualTo(1);
    assertThat(roots.path("mostFrequentTop1").asDouble(-1)).isZero();
  }

  @Test
  void printsATableWithItsNotes(@TempDir Path folder) throws IOException {
    devices(folder);
    assertThat(run("--data", folder.toString())).as(err.toString()).isEqualTo(ExitCodes.OK);
    assertThat(out.toString()).contains("rules and sessions", "LOST CRITICALS", "TOP-1, TOP-3:");
  }

  @Test
  void saysWhatIsWrongWithTheData(@TempDir Path folder) throws IOException {
    assertThat(run("--data", folder.toString())).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("no stream of alarms", "alerts.csv");
    Files.writeString(folder.resolve("alarm.csv"), "alarm_id,device_id,start_timestamp\n1,2,now\n");
    err.getBuffer().setLength(0);
    assertThat(run("--data", folder.toString())).isEqualTo(ExitCodes.FOUND);
    assertThat(err.toString()).contains("'now' is no number", "alarm.csv", "row 2");
  }

  private int run(String... words) {
    List<String> all = new ArrayList<>(List.of("evaluate", "alarms"));
    all.addAll(List.of(words));
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    return line.execute(all.toArray(new String[0]));
  }

  /** A system of services in which things fail as they do in the public streams. */
  private static void services(Path folder) throws IOException {
    Files.createDirectories(folder);
    Random random = new Random(SEED);
    StringBuilder edges = new StringBuilder();
    List<String> pods = new ArrayList<>();
    for (int service = 0; service < SERVICES; service++) {
      edge(edges, "front", "svc" + service, "control_flow");
      for (int pod = 0; pod < PODS; pod++) {
        String name = "svc" + service + "-" + pod;
        pods.add(name);
        edge(edges, name, "svc" + service, "instance_of");
        edge(edges, "host-" + (service + pod) % NODES, name, "hosts");
      }
    }
    Files.writeString(
        folder.resolve("topology.json"),
        "{\"nodes\": [{\"id\": \"front\", \"type\": \"Service\"}], \"edges\": ["
            + edges.substring(1)
            + "]}");
    StringBuilder labels =
        new StringBuilder("fault_id,fault_level,fault_entity,fault_type,fault_st_time\n");
    try (Writer alerts =
        new OutputStreamWriter(
            new GZIPOutputStream(Files.newOutputStream(folder.resolve("alerts.csv.gz"))),
            StandardCharsets.UTF_8)) {
      alerts.write("fault_id,ts,kind,component,target_or_host,signal,detail\n");
      long start = 1_700_000_000;
      for (int fault = 0; fault < FAULTS; fault++) {
        start += 1200 + random.nextInt(1000);
        int service = random.nextInt(SERVICES);
        String level = new String[] {"node", "service", "pod"}[fault % 3];
        String root =
            switch (level) {
              case "node" -> "host-" + random.nextInt(NODES);
              case "service" -> "svc" + service;
              default -> "svc" + service + "-" + random.nextInt(PODS);
            };
        labels.append(fault + "," + level + "," + root + ",load," + start + "\n");
        for (String pod : pods) {
          if (pod.equals(root) || pod.startsWith(root + "-")) {
            for (String resource : RESOURCES) {
              alert(alerts, fault, start + random.nextInt(30), "metric", pod, resource + ",up");
            }
          }
          // What always speaks says nothing, however often.
          for (int i = 0; i < 4; i++) {
            long later = Math.min(500, (long) (-Math.log(1 - random.nextDouble()) * 60));
            alert(alerts, fault, start + later, "metric", pod, "usual" + i + ",up");
          }
        }
        if (level.equals("node")) {
          for (String resource : RESOURCES) {
            alert(alerts, fault, start + random.nextInt(30), "metric", root, resource + ",up");
          }
        }
        alerts.write(
            fault
                + ","
                + (start + 5) * 1000
                + ",log,"
                + pods.get(random.nextInt(pods.size()))
                + ",,template="
                + fault
                + ";count=1,\"fatal, said \"\"the\nlog\"\"\"\n");
      }
    }
    Files.writeString(folder.resolve("label.csv"), labels);
  }

  private static void edge(StringBuilder edges, String source, String target, String label) {
    edges.append(
        String.format(
            ",{\"source\": \"%s\", \"target\": \"%s\", \"label\": \"%s\"}", source, target, label));
  }

  private static void alert(
      Writer alerts, int fault, long seconds, String kind, String component, String rest)
      throws IOException {
    alerts.write(fault + "," + seconds * 1000 + "," + kind + "," + component + ",," + rest + "\n");
  }

  /** Devices in a row; type 3 brings 1 and 2 on the next device, and 1 often comes alone. */
  private static void devices(Path folder) throws IOException {
    Random random = new Random(SEED);
    StringBuilder alarms = new StringBuilder("alarm_id,device_id,start_timestamp,end_timestamp\n");
    for (int i = 0; i < 300; i++) {
      int device = random.nextInt(5);
      int start = i * 600;
      alarms.append("3," + device + "," + start + "," + (start + 9) + "\n");
      alarms.append("1," + (device + 1) + "," + (start + 5) + "," + (start + 9) + "\n");
      alarms.append("2," + (device + 1) + "," + (start + 9) + "," + (start + 19) + "\n");
      alarms.append("1," + random.nextInt(6) + "," + (start + 300) + "," + (start + 301) + "\n");
    }
    Files.writeString(folder.resolve("alarm.csv"), alarms);
    StringBuilder topology = new StringBuilder();
    for (int from = 0; from < 6; from++) {
      for (int to = 0; to < 6; to++) {
        topology.append(to == 0 ? "" : ",").append(Math.abs(from - to) == 1 ? 1 : 0);
      }
      topology.append('\n');
    }
    Files.writeString(folder.resolve("topology.csv"), topology);
    Files.writeString(
        folder.resolve("rca_prior.csv"),
        "simplified_snapshot,simplified_root_cause\n\"(1, 2, 3)\",3\n");
  }
}
