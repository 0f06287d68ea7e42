package dev.rondo.parity;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.TensorInfo;
import com.google.protobuf.CodedOutputStream;
import dev.rondo.graph.Op.Direction;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;

/// Writes ONNX models of one node, as protocol buffers. Fields have the numbers of onnx.proto3.
final class OnnxModel {
    // The types of tensors and, which has the same number for floats, those of attributes.
    private static final int FLOAT = 1;
    private static final int INT32 = 6;
    private static final int INT = 2;
    private static final int STRING = 3;

    private static final int IR_VERSION = 8;
    private static final int OPERATORS = 14;

    private OnnxModel() {}

    /// Writes the fields of a message.
    private interface Fields {
        void to(CodedOutputStream out) throws IOException;
    }

    /// A model that is the layer.
    static byte[] oneNode(CellsCase layer, Map<String, OnnxTensor> inputs) {
        return message(model -> {
            model.writeInt64(1, IR_VERSION);
            write(model, 8, operators -> operators.writeInt64(2, OPERATORS));
            write(model, 7, graph -> {
                write(graph, 1, node -> node(node, layer, inputs));
                graph.writeString(2, "layer");
                for (Map.Entry<String, OnnxTensor> input : inputs.entrySet()) {
                    TensorInfo info = input.getValue().getInfo();
                    value(graph, 11, input.getKey(), info.type == OnnxJavaType.INT32 ? INT32 : FLOAT, info.getShape());
                }
                for (String output : outputs(layer)) {
                    value(graph, 12, output, FLOAT, new long[output.equals("Y") ? 4 : 3]);
                }
            });
        });
    }

    private static List<String> outputs(CellsCase layer) {
        return layer.cell().hasC() ? List.of("Y", "Y_h", "Y_c") : List.of("Y", "Y_h");
    }

    private static void node(CodedOutputStream node, CellsCase layer, Map<String, OnnxTensor> inputs)
            throws IOException {
        List<String> roles = layer.cell().hasC()
                ? List.of("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P")
                : List.of("X", "W", "R", "B", "sequence_lens", "initial_h");
        for (String role : roles) {
            node.writeString(1, inputs.containsKey(role) ? role : "");
        }
        for (String output : outputs(layer)) {
            node.writeString(2, output);
        }
        node.writeString(4, layer.cell().hasC() ? "LSTM" : "GRU");
        write(node, 5, attribute -> {
            attribute.writeString(1, "hidden_size");
            attribute.writeInt64(3, layer.hidden());
            attribute.writeEnum(20, INT);
        });
        write(node, 5, attribute -> {
            attribute.writeString(1, "direction");
            attribute.writeString(
                    4,
                    layer.directions().size() == 2
                            ? "bidirectional"
                            : layer.directions().contains(Direction.FORWARD) ? "forward" : "reverse");
            attribute.writeEnum(20, STRING);
        });
        if (layer.clip().isPresent()) {
            write(node, 5, attribute -> {
                attribute.writeString(1, "clip");
                attribute.writeFloat(2, (float) layer.clip().getAsDouble());
                attribute.writeEnum(20, FLOAT);
            });
        }
    }

    /// A tensor's name, type and shape; an extent of 0 is left open.
    private static void value(CodedOutputStream graph, int field, String name, int type, long[] dims)
            throws IOException {
        write(graph, field, value -> {
            value.writeString(1, name);
            write(value, 2, any -> write(any, 1, tensor -> {
                tensor.writeEnum(1, type);
                write(tensor, 2, shape -> {
                    for (long dim : dims) {
                        write(shape, 1, extent -> {
                            if (dim > 0) {
                                extent.writeInt64(1, dim);
                            }
                        });
                    }
                });
            }));
        });
    }

    private static void write(CodedOutputStream out, int field, Fields fields) throws IOException {
        out.writeByteArray(field, message(fields));
    }

    private static byte[] message(Fields fields) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            fields.to(out);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
