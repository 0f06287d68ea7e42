package dev.rondo.benchmarks.suite;

import com.google.gson.FormattingStyle;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `results.json`: an array of objects that have exactly the fields of [Row], in its order; null for NaN.
final class ResultsFile {
    private static final RecordComponent[] FIELDS = Row.class.getRecordComponents();
    /// Microseconds with nanoseconds, GFLOP/s with as many digits: more would be noise.
    private static final double DIGITS = 1e4;

    private ResultsFile() {}

    static void write(Path file, List<Row> rows) throws IOException {
        try (JsonWriter out = writer(file)) {
            out.beginArray();
            for (Row row : rows) {
                out.beginObject();
                for (RecordComponent field : FIELDS) {
                    write(out, field.getName(), value(row, field));
                }
                out.endObject();
            }
            out.endArray();
        }
    }

    /// A writer that breaks lines.
    static JsonWriter writer(Path file) throws IOException {
        JsonWriter writer = new JsonWriter(Files.newBufferedWriter(file));
        writer.setFormattingStyle(FormattingStyle.PRETTY);
        return writer;
    }

    private static void write(JsonWriter out, String name, Object value) throws IOException {
        out.name(name);
        switch (value) {
            case String text -> out.value(text);
            case Integer number -> out.value(number);
            case Boolean bool -> out.value(bool);
            case Double number when number.isNaN() -> out.nullValue();
            case Double number -> out.value(Math.rint(number * DIGITS) / DIGITS);
            default -> throw new IllegalStateException(name + ": no form in JSON for " + value.getClass());
        }
    }

    private static Object value(Row row, RecordComponent field) {
        try {
            return field.getAccessor().invoke(row);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException(field.getName(), e);
        }
    }

    /// Reads what [#write] wrote, or another program in the same form.
    ///
    /// @throws IOException if the file is no such array, with its name and the place
    static List<Row> read(Path file) throws IOException {
        List<Row> rows = new ArrayList<>();
        try (JsonReader in = new JsonReader(Files.newBufferedReader(file))) {
            in.setStrictness(Strictness.STRICT);
            expect(file, in, JsonToken.BEGIN_ARRAY);
            in.beginArray();
            while (in.hasNext()) {
                expect(file, in, JsonToken.BEGIN_OBJECT);
                rows.add(row(file, in));
            }
            in.endArray();
        } catch (MalformedJsonException | EOFException | CharacterCodingException e) {
            String[] lines = String.valueOf(e.getMessage()).split("\n", 2);
            throw new IOException("%s: no results: %s".formatted(file, lines[0]), e);
        }
        return rows;
    }

    private static Row row(Path file, JsonReader in) throws IOException {
        String where = "%s, %s".formatted(file, in.getPath());
        Map<String, Object> values = new LinkedHashMap<>();
        in.beginObject();
        while (in.hasNext()) {
            String name = in.nextName();
            values.put(name, switch (in.peek()) {
                case STRING -> in.nextString();
                case NUMBER -> in.nextDouble();
                case BOOLEAN -> in.nextBoolean();
                case NULL -> {
                    in.nextNull();
                    yield Double.NaN;
                }
                default -> throw new IOException(where + ": no value of a field: " + name);
            });
        }
        in.endObject();
        Object[] arguments = new Object[FIELDS.length];
        for (int i = 0; i < FIELDS.length; i++) {
            RecordComponent field = FIELDS[i];
            // Versions before had not all of the numbers.
            Object value = field.getType() == double.class
                    ? values.getOrDefault(field.getName(), Double.NaN)
                    : values.get(field.getName());
            if (value instanceof Double number && field.getType() == int.class) {
                value = number.intValue();
            }
            if (value == null || !boxed(field.getType()).isInstance(value)) {
                throw new IOException("%s: field %s: expected %s, got %s"
                        .formatted(where, field.getName(), field.getType().getSimpleName(), value));
            }
            arguments[i] = value;
        }
        try {
            return Row.class
                    .getDeclaredConstructor(Arrays.stream(FIELDS).map(RecordComponent::getType).toArray(Class[]::new))
                    .newInstance(arguments);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(where, e);
        }
    }

    private static Class<?> boxed(Class<?> type) {
        return type == int.class
                ? Integer.class
                : type == double.class ? Double.class : type == boolean.class ? Boolean.class : type;
    }

    private static void expect(Path file, JsonReader in, JsonToken expected) throws IOException {
        JsonToken actual = in.peek();
        if (actual != expected) {
            throw new IOException("%s, %s: expected an array of objects, got %s".formatted(file, in.getPath(), actual));
        }
    }
}
