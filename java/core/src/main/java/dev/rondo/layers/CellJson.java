package dev.rondo.layers;

import com.google.gson.stream.JsonWriter;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Node;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.layers.NetworkJson.Fields;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;

/// Recorded cells as JSON: a step's graph, by the names of its values.
///
/// ```json
/// {"inputSize": "I", "states": [{"name": "h", "size": 2}],
///  "parameters": [{"name": "U", "shape": [2, 2], "initializer": {"type": "Orthogonal", ...}}],
///  "nodes": [{"name": "times-1", "op": {"type": "MatMul", "transpose": "B"}, "inputs": {"a": "h", "b": "U"}}, ...],
///  "masked": {}, "next": {"h": "tanh-3"}, "y": "tanh-3"}
/// ```
///
/// Memories and constants, where there are any, are `"constants": [{"name": "memory", "kind": "MEMORY", "size": 64}]`.
/// The open size of x is `"I"`. A file can name no operations but those that [CellScope] has.
final class CellJson {
    private static final List<Class<?>> OPERATIONS =
            List.of(
                    Op.Unary.class, Op.Binary.class, Op.MatMul.class, Op.Softmax.class, Op.Constant.class,
                    Op.Clip.class, Op.Concat.class, Op.Slice.class, Op.Reshape.class, Op.BatchMatMul.class);

    /// Of constants with and without steps.
    private enum Kind {
        MEMORY,
        CONSTANT
    }

    private CellJson() {}

    static void write(JsonWriter json, RecordedCell cell) throws IOException {
        Graph graph = cell.graph();
        json.beginObject();
        json.name("inputSize");
        writeExtent(json, graph.value("x").shape().dim(1));
        json.name("states").beginArray();
        for (Value state : graph.carried().keySet()) {
            json.beginObject();
            json.name("name").value(state.name());
            json.name("size").value(state.shape().dim(1));
            json.endObject();
        }
        json.endArray();
        json.name("parameters").beginArray();
        for (Map.Entry<Value, Initializer> parameter : cell.parameters().entrySet()) {
            json.beginObject();
            json.name("name").value(parameter.getKey().name());
            json.name("shape").beginArray();
            for (int dim : parameter.getKey().shape().dims()) {
                writeExtent(json, dim);
            }
            json.endArray();
            json.name("initializer");
            NetworkJson.writeRecord(json, parameter.getValue());
            json.endObject();
        }
        json.endArray();
        if (!cell.constants().isEmpty()) {
            json.name("constants").beginArray();
            for (Value constant : cell.constants()) {
                json.beginObject();
                json.name("name").value(constant.name());
                json.name("kind").value((constant.shape().rank() == 3 ? Kind.MEMORY : Kind.CONSTANT).name());
                json.name("size").value(constant.shape().dim(-1));
                json.endObject();
            }
            json.endArray();
        }
        json.name("nodes").beginArray();
        for (Node node : graph.nodes()) {
            json.beginObject();
            json.name("name").value(node.name());
            json.name("op");
            NetworkJson.writeRecord(json, node.op());
            writeNames(json, "inputs", node.inputs());
            json.endObject();
        }
        json.endArray();
        writeNames(json, "masked", byName(cell.masked()));
        writeNames(json, "next", byName(graph.carried()));
        json.name("y").value(graph.output("y").name());
        json.endObject();
    }

    private static SequencedMap<String, Value> byName(SequencedMap<Value, Value> values) {
        SequencedMap<String, Value> names = new LinkedHashMap<>();
        values.forEach((key, value) -> names.put(key.name(), value));
        return names;
    }

    private static void writeNames(JsonWriter json, String field, SequencedMap<String, Value> values)
            throws IOException {
        json.name(field).beginObject();
        for (Map.Entry<String, Value> value : values.entrySet()) {
            json.name(value.getKey()).value(value.getValue().name());
        }
        json.endObject();
    }

    private static void writeExtent(JsonWriter json, int dim) throws IOException {
        if (dim == CellScope.INPUT_SIZE) {
            json.value("I");
        } else {
            json.value(dim);
        }
    }

    /// @throws IllegalArgumentException if it is no cell: with the place, what was expected and what came
    static RecordedCell read(String place, Object json) {
        Fields cell = new Fields(place, json);
        try {
            return read(place, cell);
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            throw message.startsWith(place) ? e : new IllegalArgumentException(place + ": " + message, e);
        }
    }

    private static RecordedCell read(String place, Fields cell) {
        Graph.Builder graph = Graph.builder();
        Map<String, Value> values = new LinkedHashMap<>();
        int inputSize = extent(cell, "inputSize", cell.take("inputSize"));
        add(values, graph.input("x", DataType.FLOAT32, Shape.of(Shape.BATCH, inputSize)));
        for (Fields state : objects(cell, "states")) {
            Shape shape = Shape.of(Shape.BATCH, extent(state, "size", state.take("size")));
            add(values, graph.input(state.string("name"), DataType.FLOAT32, shape));
            state.end();
        }
        SequencedMap<Value, Initializer> parameters = new LinkedHashMap<>();
        for (Fields parameter : objects(cell, "parameters")) {
            int[] dims = parameter.list("shape").stream().mapToInt(dim -> extent(parameter, "shape", dim)).toArray();
            if (dims.length != 1 && dims.length != 2) {
                throw parameter.wrong("shape", "a vector or a matrix", Shape.of(dims));
            }
            Value value = graph.input(parameter.string("name"), DataType.FLOAT32, Shape.of(dims));
            add(values, value);
            parameters.put(value, NetworkJson.readRecord(
                    parameter.place() + ".initializer", Initializer.class, parameter.take("initializer")));
            parameter.end();
        }
        List<Value> constants = new ArrayList<>();
        int memories = 0;
        for (Fields constant : cell.has("constants") ? objects(cell, "constants") : List.<Fields>of()) {
            Kind kind = kind(constant);
            if (kind == Kind.MEMORY && memories == RecordedCell.MOST_MEMORIES) {
                throw constant.wrong("kind", "at most " + memories + " memories", "another one");
            }
            Shape batch = Shape.of(Shape.BATCH);
            Shape rows = kind == Kind.MEMORY ? batch.append(RecordedCell.memoryTime(memories++)) : batch;
            int size = extent(constant, "size", constant.take("size"));
            if (size == CellScope.INPUT_SIZE) {
                throw constant.wrong("size", "a number", "I");
            }
            Value value = graph.input(constant.string("name"), DataType.FLOAT32, rows.append(size));
            add(values, value);
            constants.add(value);
            if (kind == Kind.MEMORY) {
                add(values, graph.input(RecordedCell.lengths(value), DataType.INT32, batch));
            }
            constant.end();
        }
        SequencedMap<String, String> masked = names(cell, "masked");
        for (String state : masked.keySet()) {
            Value of = find(place, values, state);
            add(values, graph.input(RecordedCell.mask(of), DataType.FLOAT32, of.shape()));
        }
        for (Fields node : objects(cell, "nodes")) {
            SequencedMap<String, Value> inputs = new LinkedHashMap<>();
            names(node, "inputs").forEach((role, name) -> inputs.put(role, find(node.place(), values, name)));
            Op op = NetworkJson.readRecord(node.place() + ".op", OPERATIONS, Op.class, node.take("op"));
            add(values, graph.add(node.string("name"), op, inputs).output("y"));
            node.end();
        }
        names(cell, "next").forEach(
                (state, next) -> graph.carry(find(place, values, state), find(place, values, next)));
        graph.output("y", find(place, values, cell.string("y")));
        cell.end();
        SequencedMap<Value, Value> masks = new LinkedHashMap<>();
        masked.forEach((state, value) -> masks.put(find(place, values, state), find(place, values, value)));
        return new RecordedCell(graph.build(), parameters, masks, constants);
    }

    private static Kind kind(Fields constant) {
        String name = constant.string("kind");
        return Arrays.stream(Kind.values())
                .filter(kind -> kind.name().equals(name))
                .findFirst()
                .orElseThrow(() -> constant.wrong("kind", "one of " + Arrays.toString(Kind.values()), name));
    }

    private static void add(Map<String, Value> values, Value value) {
        values.put(value.name(), value);
    }

    private static Value find(String place, Map<String, Value> values, String name) {
        Value value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException(
                    "%s: expected the name of a value, one of %s, got %s".formatted(place, values.keySet(), name));
        }
        return value;
    }

    private static List<Fields> objects(Fields owner, String field) {
        List<?> items = owner.list(field);
        return IntStream.range(0, items.size())
                .mapToObj(i -> new Fields("%s.%s[%d]".formatted(owner.place(), field, i), items.get(i)))
                .toList();
    }

    private static SequencedMap<String, String> names(Fields owner, String field) {
        Fields fields = new Fields(owner.place() + "." + field, owner.take(field));
        SequencedMap<String, String> names = new LinkedHashMap<>();
        fields.names().forEach(name -> names.put(name, fields.string(name)));
        return names;
    }

    private static int extent(Fields fields, String field, Object json) {
        if (json.equals("I")) {
            return CellScope.INPUT_SIZE;
        }
        if (json instanceof Long number && number >= 1 && number <= Integer.MAX_VALUE) {
            return number.intValue();
        }
        throw fields.wrong(field, "extents of at least 1 or \"I\"", json);
    }
}
