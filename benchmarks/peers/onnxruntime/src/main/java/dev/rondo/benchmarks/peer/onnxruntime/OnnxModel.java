package dev.rondo.benchmarks.peer.onnxruntime;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/// An ONNX file in the making: nodes, initializers, inputs and outputs of one graph, written as the fields of
/// `onnx.proto` whose numbers stand here by name. Operator set 14, the first whose recurrent operators are those of
/// today.
final class OnnxModel {
    /// Element types, as the format numbers them.
    static final int FLOAT = 1;
    static final int INT32 = 6;
    private static final int INT64 = 7;

    private static final int IR_VERSION = 8;
    private static final int OPERATOR_SET = 14;
    private static final int INTEGER_ATTRIBUTE = 2;

    private final Message graph = new Message().text(2, "graph");

    /// One message of the wire format; all fields are written as they come.
    private static final class Message {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final CodedOutputStream out = CodedOutputStream.newInstance(bytes);

        private interface Writing {
            void write() throws IOException;
        }

        private Message write(Writing writing) {
            try {
                writing.write();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return this;
        }

        Message number(int field, long value) {
            return write(() -> out.writeInt64(field, value));
        }

        Message text(int field, String value) {
            return write(() -> out.writeString(field, value));
        }

        Message bytes(int field, byte[] value) {
            return write(() -> out.writeByteArray(field, value));
        }

        Message message(int field, Message value) {
            return bytes(field, value.toBytes());
        }

        byte[] toBytes() {
            write(out::flush);
            return bytes.toByteArray();
        }
    }

    /// An attribute of a node that is an integer.
    record Attribute(String name, long value) {}

    /// Adds a node; an input or output that is left out is an empty name.
    OnnxModel node(String operator, List<String> inputs, List<String> outputs, Attribute... attributes) {
        Message node = new Message();
        inputs.forEach(input -> node.text(1, input));
        outputs.forEach(output -> node.text(2, output));
        node.text(3, outputs.stream().filter(output -> !output.isEmpty()).findFirst().orElseThrow());
        node.text(4, operator);
        for (Attribute attribute : attributes) {
            node.message(5, new Message()
                    .text(1, attribute.name())
                    .number(3, attribute.value())
                    .number(20, INTEGER_ATTRIBUTE));
        }
        graph.message(1, node);
        return this;
    }

    /// Adds a constant.
    OnnxModel constant(String name, float[] values, int... shape) {
        ByteBuffer raw = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        raw.asFloatBuffer().put(values);
        return constant(name, FLOAT, raw, shape);
    }

    /// Adds a constant.
    OnnxModel constant(String name, long[] values) {
        ByteBuffer raw = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        raw.asLongBuffer().put(values);
        return constant(name, INT64, raw, values.length);
    }

    private OnnxModel constant(String name, int type, ByteBuffer raw, int... shape) {
        Message tensor = new Message();
        for (int extent : shape) {
            tensor.number(1, extent);
        }
        graph.message(5, tensor.number(2, type).text(8, name).bytes(9, raw.array()));
        return this;
    }

    /// Adds an input of the graph.
    OnnxModel input(String name, int type, int... shape) {
        graph.message(11, value(name, type, shape));
        return this;
    }

    /// Adds an output of the graph.
    OnnxModel output(String name, int... shape) {
        graph.message(12, value(name, FLOAT, shape));
        return this;
    }

    private static Message value(String name, int type, int... shape) {
        Message extents = new Message();
        for (int extent : shape) {
            extents.message(1, new Message().number(1, extent));
        }
        Message tensor = new Message().number(1, type).message(2, extents);
        return new Message().text(1, name).message(2, new Message().message(1, tensor));
    }

    /// The file.
    byte[] toBytes() {
        return new Message()
                .number(1, IR_VERSION)
                .message(8, new Message().text(1, "").number(2, OPERATOR_SET))
                .message(7, graph)
                .toBytes();
    }
}
