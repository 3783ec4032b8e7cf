package io.forestall.operators.alert;

import io.forestall.decisions.alert.Alert;
import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** How an alert flows between operators. It lies in no state. Stateless. */
public final class AlertFormat {

  private static final int VERSION = 1;

  private AlertFormat() {}

  /** Type information with a serializer of its own. */
  public static TypeInformation<Alert> type() {
    return RecordFormat.ALERT.info(Alert.class);
  }

  /** Writes an alert. */
  public static void write(Alert alert, DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    map(alert.labels(), out);
    map(alert.annotations(), out);
    out.writeLong(alert.startsMillis());
    out.writeLong(alert.endsMillis());
    out.writeBoolean(alert.resolved());
  }

  /** Reads what {@link #write} wrote. */
  public static Alert read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "alert");
    return new Alert(map(in), map(in), in.readLong(), in.readLong(), in.readBoolean());
  }

  private static void map(Map<String, String> map, DataOutputView out) throws IOException {
    out.writeShort(map.size());
    for (Map.Entry<String, String> entry : new TreeMap<>(map).entrySet()) {
      out.writeUTF(entry.getKey());
      out.writeUTF(entry.getValue());
    }
  }

  private static Map<String, String> map(DataInputView in) throws IOException {
    int size = in.readUnsignedShort();
    Map<String, String> map = new TreeMap<>();
    for (int i = 0; i < size; i++) {
      String name = in.readUTF();
      map.put(name, in.readUTF());
    }
    return map;
  }
}
