package dev.rondo.graph;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// Adds nodes of a graph to another, where other values stand for its own.
final class Replay {
    private final Graph.Builder to;
    private final Map<Value, Value> values = new HashMap<>();

    Replay(Graph.Builder to) {
        this.to = to;
    }

    /// Has a value stand for one of the graph that is read.
    void put(Value from, Value stand) {
        values.put(from, stand);
    }

    boolean knows(Value from) {
        return values.containsKey(from);
    }

    /// What stands for a value.
    Value get(Value from) {
        Value value = values.get(from);
        if (value == null) {
            throw new IllegalStateException(from.name() + " has nothing that stands for it");
        }
        return value;
    }

    /// Adds a node that does the same, or a given operation in its place.
    void add(Node node, String name, Op op) {
        if (op instanceof Op.Constant constant) {
            put(node.output("y"), to.constant(constant.number()));
            return;
        }
        SequencedMap<String, Value> inputs = new LinkedHashMap<>();
        node.inputs().forEach((role, value) -> inputs.put(role, get(value)));
        Node copy = to.add(to.freeName(name), op, inputs);
        node.outputs().forEach((role, value) -> put(value, copy.output(role)));
    }

    /// Adds a node that does the same.
    void add(Node node) {
        add(node, node.name(), node.op());
    }
}
