import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;

/**
 * The judge: what Apache Avro's own code says of schemas and of (reader, writer) pairs.
 *
 * In: one JSON object {"schemas": [schema, ...], "pairs": [[reader index, writer index], ...]}.
 * Out: {"avro": version, "schemas": [{"schema": ..., "canonical": Schema.toString() or null when Avro refuses it}], "pairs": [[r, w, 1 or 0], ...]}
 * (pairs of a refused schema are left out).
 */
public final class Oracle {
  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    JsonNode in = json.readTree(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)));
    ObjectNode out = json.createObjectNode();
    out.put("avro", Schema.class.getPackage().getImplementationVersion());
    ArrayNode schemas = out.putArray("schemas");
    Schema[] parsed = new Schema[in.get("schemas").size()];
    for (int i = 0; i < parsed.length; i++) {
      JsonNode text = in.get("schemas").get(i);
      ObjectNode row = schemas.addObject();
      row.set("schema", text);
      try {
        parsed[i] = new Schema.Parser().parse(json.writeValueAsString(text));
        row.put("canonical", parsed[i].toString());
      } catch (RuntimeException refused) {
        row.putNull("canonical");
      }
    }
    ArrayNode pairs = out.putArray("pairs");
    for (JsonNode pair : in.get("pairs")) {
      Schema reader = parsed[pair.get(0).asInt()];
      Schema writer = parsed[pair.get(1).asInt()];
      if (reader == null || writer == null) {
        continue;
      }
      boolean ok = SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getType()
          == SchemaCompatibility.SchemaCompatibilityType.COMPATIBLE;
      pairs.addArray().add(pair.get(0).asInt()).add(pair.get(1).asInt()).add(ok ? 1 : 0);
    }
    System.out.println(json.writeValueAsString(out));
  }
}
