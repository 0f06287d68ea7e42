package dev.rondo.foreign;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// JSON as maps, lists, strings and doubles; `null` is the string `"null"`.
final class Json {
    private Json() {}

    static Map<?, ?> read(Path file) throws IOException {
        try (JsonReader in = new JsonReader(Files.newBufferedReader(file))) {
            return (Map<?, ?>) value(in);
        }
    }

    private static Object value(JsonReader in) throws IOException {
        JsonToken token = in.peek();
        if (token == JsonToken.BEGIN_OBJECT) {
            Map<String, Object> map = new LinkedHashMap<>();
            in.beginObject();
            while (in.hasNext()) {
                map.put(in.nextName(), value(in));
            }
            in.endObject();
            return map;
        }
        if (token == JsonToken.BEGIN_ARRAY) {
            List<Object> list = new ArrayList<>();
            in.beginArray();
            while (in.hasNext()) {
                list.add(value(in));
            }
            in.endArray();
            return list;
        }
        if (token == JsonToken.NULL) {
            in.nextNull();
            return "null";
        }
        if (token == JsonToken.BOOLEAN) {
            return String.valueOf(in.nextBoolean());
        }
        return token == JsonToken.NUMBER ? (Object) in.nextDouble() : in.nextString();
    }

    /// The numbers of a nested list, row-major.
    static float[] numbers(Object json) {
        List<Double> numbers = new ArrayList<>();
        collect(json, numbers);
        float[] values = new float[numbers.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = numbers.get(i).floatValue();
        }
        return values;
    }

    private static void collect(Object json, List<Double> numbers) {
        if (json instanceof List<?> list) {
            list.forEach(item -> collect(item, numbers));
        } else {
            numbers.add((Double) json);
        }
    }
}
