package io.forestall.bench.failover;

import io.forestall.app.KafkaOptions;
import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.app.topics.SchemaPublisher;
import io.forestall.app.topics.TopicAdmin;
import io.forestall.schemas.Topics;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A real broker as a process of its own that can be killed and restarted on its data. One node, so
 * replication 1: what it loses when the machine loses power is not what is tried here. Not
 * thread-safe.
 */
final class Broker implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Child child;
  private final int port;
  private final int furtherPort;

  private Broker(Child child, int port, int furtherPort) {
    this.child = child;
    this.port = port;
    this.furtherPort = furtherPort;
  }

  /** The process: {@code DIRECTORY PORT [KEY=VALUE]...}. */
  public static void main(String[] args) throws Exception {
    Map<String, String> settings = new HashMap<>();
    for (int i = 2; i < args.length; i++) {
      int at = args[i].indexOf('=');
      settings.put(args[i].substring(0, at), args[i].substring(at + 1));
    }
    EmbeddedKafka kafka =
        EmbeddedKafka.start(Path.of(args[0]), Integer.parseInt(args[1]), settings);
    System.out.println("serves " + kafka.bootstrapServers());
    new CountDownLatch(1).await();
  }

  /**
   * Starts a broker and creates the topics.
   *
   * @param java command line up to the main class
   * @param furtherHosts addresses besides 127.0.0.1 at which it can be reached too, one at most
   */
  static Broker start(Java java, Path directory, List<String> furtherHosts) throws Exception {
    int port = freePort();
    int furtherPort = port;
    List<String> words = new ArrayList<>(List.of(directory.resolve("kafka").toString()));
    words.add(Integer.toString(port));
    if (!furtherHosts.isEmpty()) {
      int controller = freePort();
      furtherPort = freePort();
      StringBuilder listeners = new StringBuilder("PLAINTEXT://127.0.0.1:" + port);
      StringBuilder map = new StringBuilder("PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
      for (int i = 0; i < furtherHosts.size(); i++) {
        String name = "FURTHER" + i;
        listeners.append(",").append(name).append("://").append(furtherHosts.get(i));
        // Kafka wants another port for each listener, whatever its address.
        listeners.append(":").append(furtherPort);
        map.append(",").append(name).append(":PLAINTEXT");
      }
      words.add("listeners=" + listeners + ",CONTROLLER://127.0.0.1:" + controller);
      words.add("advertised.listeners=" + listeners);
      words.add("controller.quorum.voters=1@127.0.0.1:" + controller);
      words.add("listener.security.protocol.map=" + map);
    }
    Child child =
        new Child(
            "broker",
            java.command(
                512,
                List.of("-Dlog4j2.configurationFile=" + java.logging()),
                Broker.class.getName(),
                words),
            Map.of(),
            directory.resolve("broker.log"));
    Broker broker = new Broker(child, port, furtherPort);
    broker.start();
    try (Admin admin = broker.kafka().openAdmin()) {
      new TopicAdmin(admin, broker.kafka().topicPrefix()).createMissing((short) 1);
    }
    broker.awaitWritable();
    SchemaPublisher.publish(broker.kafka(), System.currentTimeMillis());
    return broker;
  }

  /**
   * Waits until a record is taken. On a machine that is very busy a broker that has just been
   * formatted was seen to serve and to take nothing for minutes; started again, it did.
   */
  private void awaitWritable() throws Exception {
    Properties properties = kafka().clientProperties();
    properties.put("delivery.timeout.ms", "20000");
    properties.put("request.timeout.ms", "10000");
    properties.put("linger.ms", "0");
    for (int tried = 1; ; tried++) {
      try (KafkaProducer<byte[], byte[]> producer =
          new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
        // An event that no reader can decode is a dead letter and moves nothing.
        producer
            .send(
                new ProducerRecord<>(
                    Topics.OUTCOMES.name(kafka().topicPrefix()), 0, null, new byte[] {0}))
            .get();
        return;
      } catch (ExecutionException e) {
        if (tried == 3) {
          throw e;
        }
        Field.say("the broker takes nothing: started again; %s", e);
        child.kill();
        start();
      }
    }
  }

  static int freePort() throws Exception {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      return socket.getLocalPort();
    }
  }

  void start() throws Exception {
    child.start();
    child.awaitSaid("serves 127.0.0.1", PATIENCE);
    Await.until(
        PATIENCE,
        "the broker answers",
        () -> {
          try (Admin admin = kafka().openAdmin()) {
            return admin.describeCluster().nodes().get().size() == 1;
          }
        });
  }

  KafkaOptions kafka() {
    return new KafkaOptions("127.0.0.1:" + port, "forestall");
  }

  int port() {
    return port;
  }

  /** The port at further hosts. */
  int furtherPort() {
    return furtherPort;
  }

  Child process() {
    return child;
  }

  @Override
  public void close() throws InterruptedException {
    child.close();
  }
}
