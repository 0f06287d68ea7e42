package dev.rondo.io;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import dev.rondo.json.StrictJson;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The JSON header of a safetensors file.
///
/// ```json
/// {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
/// ```
///
/// Offsets count from the header's end. As the format demands, the tensors fill the rest of the file without gaps and
/// without overlap, and no key stands twice.
///
/// @param metadata the map of strings; in the order of the file
/// @param tensors in the order of their bytes
record SafetensorsHeader(Map<String, String> metadata, List<TensorInfo> tensors) {
    /// The bytes of the length that stands before the header.
    static final int LENGTH_BYTES = 8;
    /// The longest header that the format allows.
    static final long MAXIMUM_BYTES = 100_000_000;

    /// The most characters of a tensor's name or a metadata key.
    private static final int MAXIMUM_NAME = 4096;

    static final String METADATA = "__metadata__";
    private static final String TYPE = "dtype";
    private static final String SHAPE = "shape";
    private static final String OFFSETS = "data_offsets";

    /// Nothing in a header nests deeper than the numbers of a shape: header, tensor, array.
    private static final int DEPTH = 3;

    SafetensorsHeader {
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        tensors = List.copyOf(tensors);
    }

    // ------------------------------------------------------------------------------------------------ types

    /// How the format calls a type.
    static String nameOf(DataType type) {
        return switch (type) {
            case FLOAT32 -> "F32";
            case FLOAT64 -> "F64";
            case INT32 -> "I32";
            case INT64 -> "I64";
            case BOOL -> "BOOL";
            case OPAQUE -> throw new IllegalArgumentException("type: expected a type of numbers, got OPAQUE");
        };
    }

    private static Optional<DataType> typeOf(String name) {
        for (DataType type : DataType.values()) {
            if (type != DataType.OPAQUE && nameOf(type).equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    // ---------------------------------------------------------------------------------------------- writing

    /// A tensor to be written.
    record Item(String name, DataType type, Shape shape, long byteSize) {}

    /// The length and the JSON, padded with spaces so that the tensors begin at a multiple of eight.
    static byte[] encode(Map<String, String> metadata, List<Item> items) {
        ByteArrayOutputStream json = new ByteArrayOutputStream();
        try (JsonWriter out = new JsonWriter(new OutputStreamWriter(json, StandardCharsets.UTF_8.newEncoder()))) {
            out.beginObject();
            if (!metadata.isEmpty()) {
                out.name(METADATA).beginObject();
                for (Map.Entry<String, String> entry : metadata.entrySet()) {
                    out.name(readable(METADATA, entry.getKey())).value(entry.getValue());
                }
                out.endObject();
            }
            long offset = 0;
            for (Item item : items) {
                out.name(readable("header", item.name())).beginObject();
                out.name(TYPE).value(nameOf(item.type()));
                out.name(SHAPE).beginArray();
                for (int dimension : item.shape().dims()) {
                    out.value(dimension);
                }
                out.endArray();
                out.name(OFFSETS).beginArray();
                out.value(offset);
                offset = Math.addExact(offset, item.byteSize());
                out.value(offset);
                out.endArray();
                out.endObject();
            }
            out.endObject();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(
                    "header: expected names and metadata in Unicode, got half of a surrogate pair", e);
        } catch (IOException e) {
            throw new UncheckedIOException("memory cannot fail to be written", e);
        }
        while (json.size() % LENGTH_BYTES != 0) {
            json.write(' ');
        }
        if (json.size() > MAXIMUM_BYTES) {
            throw new IllegalArgumentException(
                    "header: expected at most " + MAXIMUM_BYTES + " bytes of names and metadata, got " + json.size());
        }
        return ByteBuffer.allocate(LENGTH_BYTES + json.size())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.size())
                .put(json.toByteArray())
                .array();
    }

    /// A name that the reader takes.
    private static String readable(String place, String name) {
        if (name.length() > MAXIMUM_NAME) {
            throw new IllegalArgumentException(place + ": expected names of at most " + MAXIMUM_NAME
                    + " characters, got " + name.length() + " characters");
        }
        return name;
    }

    // ---------------------------------------------------------------------------------------------- reading

    /// Reads a header and holds it against the size of its file.
    ///
    /// @param json the header's bytes, without the length before them
    static SafetensorsHeader decode(Path file, byte[] json, long fileSize) throws ModelFormatException {
        return new Decoder(file, json, fileSize).decode();
    }

    private static final class Decoder {
        private final Path file;
        private final byte[] json;
        private final long start;
        private final long fileSize;
        private final Map<String, String> metadata = new LinkedHashMap<>();
        private final List<TensorInfo> tensors = new ArrayList<>();

        Decoder(Path file, byte[] json, long fileSize) {
            this.file = file;
            this.json = json;
            this.start = LENGTH_BYTES + (long) json.length;
            this.fileSize = fileSize;
        }

        SafetensorsHeader decode() throws ModelFormatException {
            String text = text();
            if (!text.startsWith("{")) {
                throw wrong("byte " + LENGTH_BYTES, "'{', the start of a JSON header",
                        text.isEmpty() ? "an empty header" : "'" + Character.toString(text.codePointAt(0)) + "'");
            }
            try (JsonReader in = StrictJson.reader(text, DEPTH)) {
                in.beginObject();
                Set<String> names = new HashSet<>();
                while (in.hasNext()) {
                    String name = nextName(in, "header", names);
                    if (name.equals(METADATA)) {
                        readMetadata(in);
                    } else {
                        tensors.add(readTensor(in, name));
                    }
                }
                in.endObject();
                in.peek(); // refuses what stands behind it
            } catch (MalformedJsonException | EOFException e) {
                StrictJson.Problem problem = StrictJson.Problem.of(e, text);
                throw new ModelFormatException(
                        file,
                        "byte " + byteAt(text, problem.offset()) + ": expected a safetensors header in JSON, got: "
                                + problem.text(),
                        e);
            } catch (ModelFormatException e) {
                throw e;
            } catch (IOException e) {
                throw new UncheckedIOException("memory cannot fail to be read", e);
            }
            checkPlaces();
            return new SafetensorsHeader(metadata, tensors);
        }

        private String text() throws ModelFormatException {
            try {
                return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(json)).toString();
            } catch (CharacterCodingException e) {
                throw new ModelFormatException(
                        file, "bytes " + LENGTH_BYTES + " to " + start
                                + ": expected a JSON header in UTF-8, got other bytes", e);
            }
        }

        private void readMetadata(JsonReader in) throws IOException {
            expect(in, JsonToken.BEGIN_OBJECT, METADATA, "a map of strings");
            in.beginObject();
            Set<String> keys = new HashSet<>();
            while (in.hasNext()) {
                String key = nextName(in, METADATA, keys);
                expect(in, JsonToken.STRING, METADATA + "." + key, "a string");
                metadata.put(key, in.nextString());
            }
            in.endObject();
        }

        private TensorInfo readTensor(JsonReader in, String name) throws IOException {
            String tensor = "tensor \"" + name + "\"";
            expect(in, JsonToken.BEGIN_OBJECT, tensor, "an object of dtype, shape and data_offsets");
            String type = null;
            List<Long> shape = null;
            List<Long> offsets = null;
            in.beginObject();
            Set<String> fields = new HashSet<>();
            while (in.hasNext()) {
                String field = nextName(in, tensor, fields);
                switch (field) {
                    case TYPE -> {
                        expect(in, JsonToken.STRING, tensor + ": dtype", "the name of a type");
                        type = in.nextString();
                    }
                    case SHAPE -> shape = readNumbers(in, tensor + ": shape");
                    case OFFSETS -> offsets = readNumbers(in, tensor + ": data_offsets");
                    default -> throw wrong(tensor, "the fields dtype, shape and data_offsets", "\"" + field + "\"");
                }
            }
            in.endObject();
            return check(
                    name,
                    tensor,
                    present(type, tensor, TYPE),
                    present(shape, tensor, SHAPE),
                    present(offsets, tensor, OFFSETS));
        }

        private List<Long> readNumbers(JsonReader in, String place) throws IOException {
            expect(in, JsonToken.BEGIN_ARRAY, place, "an array of whole numbers");
            List<Long> numbers = new ArrayList<>();
            in.beginArray();
            while (in.hasNext()) {
                expect(in, JsonToken.NUMBER, place, "a whole number");
                String literal = in.nextString();
                Number number = StrictJson.number(literal);
                if (number instanceof Double) {
                    throw wrong(place, "a whole number", "'" + literal + "'");
                }
                if (!(number instanceof Long value) || value < 0) {
                    throw wrong(place, "a number from 0 to " + Long.MAX_VALUE, literal);
                }
                numbers.add(value);
            }
            in.endArray();
            return numbers;
        }

        /// The name of the next field, which is not among those before it.
        private String nextName(JsonReader in, String place, Set<String> before) throws IOException {
            String name = in.nextName();
            if (name.length() > MAXIMUM_NAME) {
                throw wrong(place, "names of at most " + MAXIMUM_NAME + " characters", name.length() + " characters");
            }
            if (!before.add(name)) {
                throw wrong(place, "each field once", "\"" + name + "\" twice");
            }
            return name;
        }

        private TensorInfo check(String name, String tensor, String typeName, List<Long> dimensions, List<Long> offsets)
                throws ModelFormatException {
            Optional<DataType> type = typeOf(typeName);
            if (type.isEmpty()) {
                throw wrong(tensor + ": dtype", "one that Rondo reads (F32, F64, I32, I64 or BOOL)", "\"" + typeName
                        + "\"");
            }
            if (offsets.size() != 2) {
                throw wrong(tensor + ": data_offsets", "[begin, end]", offsets.toString());
            }
            long begin = offsets.getFirst();
            long end = offsets.getLast();
            if (begin > end || end > fileSize - start) {
                throw wrong(
                        tensor + ": data_offsets",
                        "0 <= begin <= end <= " + (fileSize - start) + ", the bytes after the header",
                        offsets.toString());
            }
            long bytes = type.get().bytes();
            int[] dims = new int[dimensions.size()];
            for (int i = 0; i < dims.length; i++) {
                long dimension = dimensions.get(i);
                if (dimension > Integer.MAX_VALUE) {
                    throw wrong(tensor + ": shape", "dimensions from 0 to " + Integer.MAX_VALUE, dimensions.toString());
                }
                dims[i] = (int) dimension;
                try {
                    bytes = Math.multiplyExact(bytes, dimension);
                } catch (ArithmeticException e) {
                    throw new ModelFormatException(
                            file, tensor + ": shape: expected at most 2^63-1 bytes, got " + dimensions, e);
                }
            }
            if (bytes != end - begin) {
                throw wrong(
                        tensor + ": data_offsets",
                        bytes + " bytes for " + typeName + " " + dimensions,
                        (end - begin) + " bytes from " + offsets);
            }
            return new TensorInfo(name, type.get(), Shape.of(dims), start + begin, bytes);
        }

        /// The tensors in the order of their bytes, each beginning where the one before it ends.
        private void checkPlaces() throws ModelFormatException {
            // Comparator.comparingLong's can be serialized, for which the first file would wait.
            tensors.sort((a, b) -> Long.compare(a.position(), b.position()));
            long position = start;
            for (TensorInfo tensor : tensors) {
                if (tensor.position() != position) {
                    throw wrong(
                            "tensor \"" + tensor.name() + "\": data_offsets",
                            "the tensor to begin at " + (position - start) + ", where the one before it ends",
                            (tensor.position() - start)
                                    + (tensor.position() < position ? ", inside the one before it" : ", after a gap"));
                }
                position += tensor.byteSize();
            }
            if (position != fileSize) {
                throw wrong("byte " + position, "the file's end after its last tensor",
                        (fileSize - position) + " more bytes");
            }
        }

        private <T> T present(@Nullable T value, String tensor, String field) throws ModelFormatException {
            if (value == null) {
                throw wrong(tensor, "the fields dtype, shape and data_offsets", "no " + field);
            }
            return value;
        }

        private void expect(JsonReader in, JsonToken expected, String place, String what) throws IOException {
            JsonToken actual = in.peek();
            if (actual != expected) {
                throw wrong(place, what, switch (actual) {
                    case BEGIN_OBJECT -> "'{'";
                    case BEGIN_ARRAY -> "'['";
                    case STRING, NUMBER -> "'" + in.nextString() + "'";
                    case BOOLEAN -> "'" + in.nextBoolean() + "'";
                    default -> actual.toString();
                });
            }
        }

        private ModelFormatException wrong(String place, String expected, String actual) {
            return new ModelFormatException(file, place + ": expected " + expected + ", got " + actual);
        }

        private static long byteAt(String text, int characters) {
            return LENGTH_BYTES + (long) text.substring(0, characters).getBytes(StandardCharsets.UTF_8).length;
        }
    }
}
