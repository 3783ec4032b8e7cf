package io.forestall.app.sql;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import io.forestall.app.sql.SqlScript.Statement;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.MathContext;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.ResultKind;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.types.logical.LogicalTypeFamily;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;
import org.jspecify.annotations.Nullable;

/**
 * Puts the statements of scripts to a Flink cluster and prints what comes back. Questions run as
 * bounded batch jobs and end; with {@code follow} they run as streaming jobs and print every change
 * until they are stopped. Not thread-safe.
 */
final class SqlRunner {
  private static final Pattern SET =
      Pattern.compile("SET\\s+'([^']+)'\\s*=\\s*'([^']*)'", Pattern.CASE_INSENSITIVE);
  private static final Pattern AT_LINE =
      Pattern.compile("(?:From|at|At) line (\\d+), column (\\d+)");
  private static final MathContext SIX_DIGITS = new MathContext(6);
  private static final int LOCAL_SLOTS = 2;
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /**
   * Where and how statements run.
   *
   * @param host host of the cluster's REST interface, null for a small cluster in this process
   * @param port port of the REST interface
   * @param follow true for streaming jobs that do not end
   * @param json true for one JSON object a row, false for a table
   * @param maxRows rows of one answer printed at most
   */
  record Settings(@Nullable String host, int port, boolean follow, boolean json, int maxRows) {}

  private final Settings settings;
  private final Map<String, String> variables;
  private final PrintWriter out;
  private final TableEnvironment environment;
  private volatile @Nullable JobClient running;

  /**
   * A runner with the tables of the topics defined.
   *
   * @param variables values of the variables of scripts, with {@code bootstrap} and {@code prefix}
   * @param clientProperties further properties for the Kafka clients
   */
  SqlRunner(
      Settings settings,
      Map<String, String> variables,
      Map<String, String> clientProperties,
      PrintWriter out) {
    this.settings = settings;
    this.out = out;
    this.variables = new LinkedHashMap<>(variables);
    this.variables.put("bounded", settings.follow() ? "unbounded" : "latest-offset");
    requireCluster(settings);
    Configuration configuration = configuration(settings);
    EnvironmentSettings.Builder builder =
        EnvironmentSettings.newInstance().withConfiguration(configuration);
    this.environment =
        TableEnvironment.create(
            (settings.follow() ? builder.inStreamingMode() : builder.inBatchMode()).build());
    environment.getConfig().setLocalTimeZone(ZoneOffset.UTC);
    for (Statement statement :
        SqlScript.parse(
            "the definitions of the tables", SqlTables.script(clientProperties), this.variables)) {
      run("the definitions of the tables", statement, false);
    }
  }

  /**
   * Runs all statements of a script in order.
   *
   * @param origin name of the script for errors
   * @throws CommandFailure with the line of the statement that failed and what to do
   */
  void run(String origin, String script) {
    run(origin, script, Map.of());
  }

  /** As the other, with further values of variables for this script only. */
  void run(String origin, String script, Map<String, String> more) {
    Map<String, String> all = new LinkedHashMap<>(variables);
    all.putAll(more);
    for (Statement statement : SqlScript.parse(origin, script, all)) {
      run(origin, statement, true);
    }
  }

  private void run(String origin, Statement statement, boolean print) {
    Matcher set = SET.matcher(statement.text());
    try {
      if (set.matches()) {
        set(origin, statement, set.group(1), set.group(2));
        return;
      }
      TableResult result = environment.executeSql(statement.text());
      running = result.getJobClient().orElse(null);
      if (result.getResultKind() == ResultKind.SUCCESS_WITH_CONTENT) {
        if (result.getJobClient().isPresent() && isInsert(statement)) {
          result.await();
          say(print, "done");
        } else {
          print(result);
        }
      } else {
        say(print, "done");
      }
    } catch (CommandFailure e) {
      throw e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure(ExitCodes.FOUND, "interrupted", e);
    } catch (Exception | LinkageError e) {
      throw failure(origin, statement, e);
    } finally {
      running = null;
    }
  }

  /**
   * Ends the job of the statement that is running, if any: a cluster would go on with it for ever.
   * Safe from any thread.
   */
  void cancel() {
    JobClient job = running;
    if (job != null) {
      try {
        job.cancel().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException | TimeoutException e) {
        // It has ended meanwhile, or the cluster is gone.
      }
    }
  }

  private static boolean isInsert(Statement statement) {
    String text = statement.text().toUpperCase(Locale.ROOT);
    return text.startsWith("INSERT") || text.startsWith("EXECUTE");
  }

  private void say(boolean print, String word) {
    if (print && !settings.json()) {
      out.println(word);
      out.flush();
    }
  }

  private void set(String origin, Statement statement, String key, String value) {
    if (key.equals("execution.runtime-mode")) {
      boolean streaming = value.equalsIgnoreCase("streaming");
      if (streaming != settings.follow()) {
        throw CommandFailure.usage(
            origin
                + ":"
                + statement.line()
                + ": the mode is fixed when the runner starts: use --follow for streaming");
      }
      return;
    }
    environment.getConfig().set(key, value);
  }

  private void print(TableResult result) throws Exception {
    List<String> names = result.getResolvedSchema().getColumnNames();
    if (settings.follow() && result.getJobClient().isPresent()) {
      follow(result, names);
      return;
    }
    List<Row> rows = new ArrayList<>();
    boolean more = false;
    try (CloseableIterator<Row> iterator = result.collect()) {
      while (iterator.hasNext()) {
        Row row = iterator.next();
        if (rows.size() >= settings.maxRows()) {
          more = true;
          break;
        }
        rows.add(row);
      }
    }
    if (settings.json()) {
      for (Row row : rows) {
        out.println(json(names, row, false));
      }
    } else {
      TextTable table = new TextTable(heads(result).toArray(new String[0]));
      for (Row row : rows) {
        table.add(cells(row, ""));
      }
      table.print(out);
      out.println(
          rows.size()
              + (rows.size() == 1 ? " row" : " rows")
              + (more ? ", more were left out: --max-rows" : ""));
    }
    out.flush();
  }

  private void follow(TableResult result, List<String> names) throws Exception {
    if (!settings.json()) {
      out.println("change  " + String.join("  ", names));
    }
    try (CloseableIterator<Row> iterator = result.collect()) {
      int printed = 0;
      while (printed < settings.maxRows() && iterator.hasNext()) {
        Row row = iterator.next();
        printed++;
        out.println(
            settings.json()
                ? json(names, row, true)
                : String.format(
                    "%-6s  %s", row.getKind().shortString(), String.join("  ", cells(row, "-"))));
        out.flush();
      }
    }
  }

  /** The names of the columns, numbers marked to stand on the right. */
  private static List<String> heads(TableResult result) {
    return result.getResolvedSchema().getColumns().stream()
        .map(
            column ->
                (column.getDataType().getLogicalType().is(LogicalTypeFamily.NUMERIC) ? ">" : "")
                    + column.getName())
        .toList();
  }

  private static String[] cells(Row row, String empty) {
    String[] cells = new String[row.getArity()];
    for (int i = 0; i < cells.length; i++) {
      Object value = row.getField(i);
      cells[i] = value == null ? empty : text(value);
    }
    return cells;
  }

  private static String text(Object value) {
    if (value instanceof Double number && Double.isFinite(number)) {
      double size = Math.abs(number);
      return size != 0 && (size < 1e-4 || size >= 1e9)
          ? String.format(Locale.ROOT, "%.5e", number)
          : new BigDecimal(number, SIX_DIGITS).stripTrailingZeros().toPlainString();
    }
    if (value instanceof byte[] bytes) {
      return bytes.length + " bytes";
    }
    return value.toString();
  }

  private static String json(List<String> names, Row row, boolean change) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.writeStartObject();
      if (change) {
        json.writeStringField("change", row.getKind().shortString());
      }
      for (int i = 0; i < names.size(); i++) {
        json.writeFieldName(names.get(i));
        write(json, row.getField(i));
      }
      json.writeEndObject();
    }
    return text.toString();
  }

  private static void write(JsonGenerator json, @Nullable Object value) throws IOException {
    if (value == null) {
      json.writeNull();
    } else if (value instanceof Boolean bool) {
      json.writeBoolean(bool);
    } else if (value instanceof Double number && !Double.isFinite(number)) {
      json.writeString(number.toString());
    } else if (value instanceof Number number) {
      json.writeNumber(number.toString());
    } else if (value instanceof byte[] bytes) {
      json.writeString(Base64.getEncoder().encodeToString(bytes));
    } else if (value instanceof Row row) {
      var names = row.getFieldNames(true);
      json.writeStartObject();
      if (names == null) {
        for (int i = 0; i < row.getArity(); i++) {
          json.writeFieldName("f" + i);
          write(json, row.getField(i));
        }
      } else {
        for (String name : names) {
          json.writeFieldName(name);
          write(json, row.getField(name));
        }
      }
      json.writeEndObject();
    } else if (value instanceof Map<?, ?> map) {
      json.writeStartObject();
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        json.writeFieldName(String.valueOf(entry.getKey()));
        write(json, entry.getValue());
      }
      json.writeEndObject();
    } else if (value instanceof Object[] array) {
      json.writeStartArray();
      for (Object element : array) {
        write(json, element);
      }
      json.writeEndArray();
    } else {
      json.writeString(value.toString());
    }
  }

  /** Flink's own client would try for a minute before it says that nobody is there. */
  private static void requireCluster(Settings settings) {
    if (settings.host() == null) {
      return;
    }
    try {
      HttpResponse<Void> answer =
          HttpClient.newBuilder()
              .connectTimeout(PATIENCE)
              .build()
              .send(
                  HttpRequest.newBuilder(
                          URI.create(
                              "http://" + settings.host() + ":" + settings.port() + "/config"))
                      .timeout(PATIENCE)
                      .build(),
                  HttpResponse.BodyHandlers.discarding());
      if (answer.statusCode() != 200) {
        throw noCluster(settings, null);
      }
    } catch (IOException e) {
      throw noCluster(settings, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure(ExitCodes.FOUND, "interrupted", e);
    }
  }

  private static CommandFailure noCluster(Settings settings, @Nullable Throwable cause) {
    return CommandFailure.unreachable(
        "no Flink cluster answers at "
            + settings.host()
            + ":"
            + settings.port()
            + ": start one (scripts/demo, scripts/cluster), correct --rest, or use --local",
        cause);
  }

  private static Configuration configuration(Settings settings) {
    Configuration configuration = new Configuration();
    String host = settings.host();
    if (host == null) {
      configuration.set(DeploymentOptions.TARGET, "local");
      configuration.set(TaskManagerOptions.NUM_TASK_SLOTS, LOCAL_SLOTS);
      configuration.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(256));
      configuration.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(64));
      configuration.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(64));
      configuration.set(RestOptions.BIND_PORT, "0");
      configuration.set(CoreOptions.DEFAULT_PARALLELISM, LOCAL_SLOTS);
    } else {
      configuration.set(DeploymentOptions.TARGET, "remote");
      configuration.set(RestOptions.ADDRESS, host);
      configuration.set(RestOptions.PORT, settings.port());
      configuration.set(CoreOptions.DEFAULT_PARALLELISM, 1);
      Path jar = ownJar();
      if (jar != null) {
        configuration.set(PipelineOptions.JARS, List.of(jar.toUri().toString()));
      }
    }
    configuration.set(DeploymentOptions.ATTACHED, true);
    configuration.set(PipelineOptions.NAME, "forestall-sql");
    // Operators of a question have no uids: nobody restores one.
    configuration.set(PipelineOptions.AUTO_GENERATE_UIDS, true);
    return configuration;
  }

  /**
   * The jar this class came from, which brings connector and format to the cluster; null when it
   * came from a folder.
   */
  private static @Nullable Path ownJar() {
    try {
      Path source =
          Path.of(SqlRunner.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      return Files.isRegularFile(source) && source.toString().endsWith(".jar") ? source : null;
    } catch (URISyntaxException | RuntimeException e) {
      return null;
    }
  }

  private CommandFailure failure(String origin, Statement statement, Throwable thrown) {
    Throwable cause = thrown;
    Throwable root = thrown;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
      if (!(root instanceof ExecutionException) && root.getMessage() != null) {
        cause = root;
      }
    }
    String words = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    int line = statement.line();
    for (Throwable at = thrown; at != null && at != at.getCause(); at = at.getCause()) {
      Matcher place = AT_LINE.matcher(String.valueOf(at.getMessage()));
      if (place.find()) {
        line += Integer.parseInt(place.group(1)) - 1;
        break;
      }
    }
    String where = origin + ":" + line + ": ";
    String bootstrap = variables.getOrDefault("bootstrap", "");
    if (root instanceof ConnectException || words.contains("Connection refused")) {
      return noCluster(settings, thrown);
    }
    if (words.contains("UnknownTopicOrPartition")
        || words.contains("does not host this topic-partition")) {
      return new CommandFailure(
          ExitCodes.FOUND,
          where
              + "a topic is missing at "
              + bootstrap
              + ": create it with forestall topics create, or correct --topic-prefix",
          thrown);
    }
    if (words.contains("TimeoutException")
        || words.contains("Timed out waiting for a node assignment")) {
      return CommandFailure.unreachable(
          where
              + "no Kafka broker answers at "
              + bootstrap
              + ": start one, or correct --bootstrap-servers",
          thrown);
    }
    if (words.contains("Could not find any factory for identifier")) {
      return new CommandFailure(
          ExitCodes.FOUND,
          where
              + "the connector or format is not on the class path: start with scripts/sql, which adds it ("
              + first(words)
              + ")",
          thrown);
    }
    return new CommandFailure(ExitCodes.FOUND, where + first(words), thrown);
  }

  private static String first(String words) {
    String line = words.strip().lines().findFirst().orElse("failed without a word");
    return line.length() <= 400 ? line : line.substring(0, 400) + "...";
  }

  /** Reads {@code host:port}. */
  static URI address(String rest) {
    try {
      URI uri = new URI("rest://" + rest.replaceFirst("^https?://", "").replaceAll("/+$", ""));
      if (uri.getHost() != null && uri.getPort() > 0) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // Said below.
    }
    throw CommandFailure.usage(
        "--rest " + rest + " is no address: write HOST:PORT, for example 127.0.0.1:8081");
  }
}
