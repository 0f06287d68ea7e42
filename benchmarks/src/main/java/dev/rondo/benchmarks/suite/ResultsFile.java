package dev.rondo.benchmarks.suite;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `results.json`: an array of objects that have exactly the fields of [Row], in its order; null for NaN.
final class ResultsFile {
    private static final JsonFactory JSON = new JsonFactory();
    private static final RecordComponent[] FIELDS = Row.class.getRecordComponents();
    /// Microseconds with nanoseconds, GFLOP/s with as many digits: more would be noise.
    private static final double DIGITS = 1e4;

    private ResultsFile() {}

    static void write(Path file, List<Row> rows) throws IOException {
        try (JsonGenerator out = generator(file)) {
            out.writeStartArray();
            for (Row row : rows) {
                out.writeStartObject();
                for (RecordComponent field : FIELDS) {
                    write(out, field.getName(), value(row, field));
                }
                out.writeEndObject();
            }
            out.writeEndArray();
        }
    }

    /// A generator that breaks lines.
    static JsonGenerator generator(Path file) throws IOException {
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
        printer.indentArraysWith(DefaultIndenter.SYSTEM_LINEFEED_INSTANCE);
        return JSON.createGenerator(file.toFile(), JsonEncoding.UTF8)
                .setPrettyPrinter(printer);
    }

    private static void write(JsonGenerator out, String name, Object value) throws IOException {
        out.writeFieldName(name);
        switch (value) {
            case String text -> out.writeString(text);
            case Integer number -> out.writeNumber(number);
            case Boolean bool -> out.writeBoolean(bool);
            case Double number when number.isNaN() -> out.writeNull();
            case Double number -> out.writeNumber(Math.rint(number * DIGITS) / DIGITS);
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
        try (InputStream bytes = Files.newInputStream(file);
                JsonParser in = JSON.createParser(bytes)) {
            expect(file, in, in.nextToken(), JsonToken.START_ARRAY);
            for (JsonToken token = in.nextToken(); token != JsonToken.END_ARRAY; token = in.nextToken()) {
                expect(file, in, token, JsonToken.START_OBJECT);
                rows.add(row(file, in));
            }
        } catch (JacksonException e) {
            throw new IOException("%s: no results: %s".formatted(file, e.getOriginalMessage()), e);
        }
        return rows;
    }

    private static Row row(Path file, JsonParser in) throws IOException {
        String where = "%s, line %d".formatted(file, in.currentLocation().getLineNr());
        Map<String, Object> values = new LinkedHashMap<>();
        while (in.nextToken() != JsonToken.END_OBJECT) {
            String name = in.currentName();
            values.put(name, switch (in.nextToken()) {
                case VALUE_STRING -> in.getText();
                case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> in.getDoubleValue();
                case VALUE_TRUE -> true;
                case VALUE_FALSE -> false;
                case VALUE_NULL -> Double.NaN;
                case null, default -> throw new IOException(where + ": no value of a field: " + name);
            });
        }
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

    private static void expect(Path file, JsonParser in, JsonToken actual, JsonToken expected) throws IOException {
        if (actual != expected) {
            throw new IOException("%s, line %d: expected an array of objects, got %s"
                    .formatted(file, in.currentLocation().getLineNr(), actual));
        }
    }
}
