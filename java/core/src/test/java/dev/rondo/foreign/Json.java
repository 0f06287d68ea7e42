package dev.rondo.foreign;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// JSON as maps, lists, strings and doubles; `null` is the string `"null"`.
final class Json {
    private Json() {}

    static Map<?, ?> read(Path file) throws IOException {
        try (JsonParser in = new JsonFactory().createParser(file.toFile())) {
            in.nextToken();
            return (Map<?, ?>) value(in);
        }
    }

    private static Object value(JsonParser in) throws IOException {
        if (in.currentToken() == JsonToken.START_OBJECT) {
            Map<String, Object> map = new LinkedHashMap<>();
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String name = in.currentName();
                in.nextToken();
                map.put(name, value(in));
            }
            return map;
        }
        if (in.currentToken() == JsonToken.START_ARRAY) {
            List<Object> list = new ArrayList<>();
            while (in.nextToken() != JsonToken.END_ARRAY) {
                list.add(value(in));
            }
            return list;
        }
        return in.currentToken().isNumeric() ? (Object) in.getDoubleValue() : in.getText();
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
