package dev.rondo.foreign;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// As much of ONNX as its conformance cases of one node need: protocol buffers read field by field (numbers from
/// onnx.proto3).
final class Onnx {
    private static final int FLOAT = 1;

    private Onnx() {}

    /// A float tensor.
    record Array(int[] dims, float[] values) {}

    /// A model's only node, and what the model calls its inputs and outputs, in order.
    record OneNode(
            String op, List<String> inputs, List<String> outputs, Map<String, String> attributes, List<String> given) {}

    /// A field of a message: its number and its content, a varint or bytes.
    private record Field(int number, long varint, ByteBuffer bytes) {
        String text() {
            return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
        }
    }

    static Array readTensor(Path file) throws IOException {
        List<Integer> dims = new ArrayList<>();
        ByteBuffer raw = ByteBuffer.allocate(0);
        for (Field field : fields(read(file))) {
            switch (field.number()) {
                case 1 -> {
                    if (field.bytes().hasRemaining()) {
                        ByteBuffer packed = field.bytes().duplicate();
                        while (packed.hasRemaining()) {
                            dims.add((int) varint(packed));
                        }
                    } else {
                        dims.add((int) field.varint());
                    }
                }
                case 2 -> {
                    if (field.varint() != FLOAT) {
                        throw new IOException(file + ": expected a float tensor, got type " + field.varint());
                    }
                }
                case 4, 9 -> raw = field.bytes();
                default -> {
                    // A name or a description.
                }
            }
        }
        float[] values = new float[raw.remaining() / Float.BYTES];
        raw.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return new Array(dims.stream().mapToInt(Integer::intValue).toArray(), values);
    }

    static OneNode readModel(Path file) throws IOException {
        ByteBuffer graph = only(fields(read(file)), 7).bytes();
        List<Field> graphFields = fields(graph);
        List<Field> node = fields(only(graphFields, 1).bytes());
        List<String> inputs = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        Map<String, String> attributes = new HashMap<>();
        for (Field field : node) {
            switch (field.number()) {
                case 1 -> inputs.add(field.text());
                case 2 -> outputs.add(field.text());
                case 5 -> addAttribute(fields(field.bytes()), attributes);
                default -> {
                    // The operation, read below.
                }
            }
        }
        List<String> given = new ArrayList<>();
        for (Field field : graphFields) {
            if (field.number() == 11) {
                given.add(only(fields(field.bytes()), 1).text());
            }
        }
        return new OneNode(only(node, 4).text(), inputs, outputs, attributes, given);
    }

    private static void addAttribute(List<Field> attribute, Map<String, String> attributes) {
        for (Field field : attribute) {
            if (field.number() == 3) {
                attributes.put(only(attribute, 1).text(), Long.toString(field.varint()));
            } else if (field.number() == 4) {
                attributes.put(only(attribute, 1).text(), field.text());
            }
        }
        attributes.putIfAbsent(only(attribute, 1).text(), "of another type");
    }

    private static ByteBuffer read(Path file) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(file));
    }

    private static Field only(List<Field> fields, int number) {
        return fields.stream()
                .filter(field -> field.number() == number)
                .reduce((first, second) -> {
                    throw new IllegalStateException("field " + number + " stands twice");
                })
                .orElseThrow();
    }

    private static List<Field> fields(ByteBuffer message) {
        ByteBuffer in = message.duplicate();
        List<Field> fields = new ArrayList<>();
        ByteBuffer nothing = ByteBuffer.allocate(0);
        while (in.hasRemaining()) {
            long tag = varint(in);
            int number = (int) (tag >>> 3);
            switch ((int) tag & 7) {
                case 0 -> fields.add(new Field(number, varint(in), nothing));
                case 1 -> fields.add(new Field(number, 0, take(in, Long.BYTES)));
                case 2 -> fields.add(new Field(number, 0, take(in, (int) varint(in))));
                case 5 -> fields.add(new Field(number, 0, take(in, Integer.BYTES)));
                default -> throw new IllegalStateException("wire type " + (tag & 7));
            }
        }
        return fields;
    }

    private static ByteBuffer take(ByteBuffer in, int bytes) {
        ByteBuffer slice = in.slice(in.position(), bytes);
        in.position(in.position() + bytes);
        return slice;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = in.get();
            value |= (next & 0x7fL) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }
}
