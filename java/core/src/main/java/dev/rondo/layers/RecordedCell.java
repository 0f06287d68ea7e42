package dev.rondo.layers;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Node;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.graph.Value;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a [Cell] has said of its step. Immutable; equal if it is the same step.
///
/// Its graph has an input `x`, an input for each state, parameter, mask of a state, constant, and lengths of a constant
/// that is a memory, the output `y`, and carries the states. The size of x may be left open; the number of steps of a
/// memory is.
public final class RecordedCell {
    /// Of parameters a file holds as much as it says; of a state it could say anything.
    private static final int LARGEST_STATE = 1 << 20;

    /// Each has a symbol of time as a stand-in for its own.
    static final int MOST_MEMORIES = 4;

    private final Graph graph;
    private final SequencedMap<Value, Initializer> parameters;
    private final SequencedMap<Value, Value> masked;
    private final List<Value> constants;

    /// @param parameters and how they begin
    /// @param masked states, and what their masks make of them
    /// @param constants what is the same at every step, memories `[B,M,n]` among them
    RecordedCell(
            Graph graph, SequencedMap<Value, Initializer> parameters, SequencedMap<Value, Value> masked,
            List<Value> constants) {
        this.graph = graph;
        this.constants = List.copyOf(constants);
        this.parameters = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(parameters));
        this.masked = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(masked));
        graph.carried().keySet().forEach(
                state -> Settings.atMost("cell: size of state " + state.name(), LARGEST_STATE, state.shape().dim(1)));
        graph.carried().forEach((state, next) -> {
            if (graph.producer(next).isEmpty()) {
                throw new IllegalArgumentException(
                        "expected the next value of state %s from an operation, got %s".formatted(state.name(), next));
            }
        });
        masked.forEach(this::checkMask);
        // Refuses what is no step.
        Sizes sizes = new Sizes(inputSize().orElseGet(this::leastInputSize), Map.of(), Set.of());
        scan(sizes, Direction.FORWARD, Masks.GIVEN, "");
    }

    /// A mask multiplies its state and nothing else, so that the step is whole without it.
    private void checkMask(Value state, Value dropped) {
        if (!graph.carried().containsKey(state)) {
            throw new IllegalArgumentException(
                    "cell: expected masks of states, got " + state + " of " + dropped);
        }
        Value mask = graph.value(mask(state));
        Node product = graph.producer(dropped).orElse(null);
        if (product == null
                || !product.op().equals(new Op.Binary(Op.BinaryKind.MULTIPLY))
                || !product.input("a").equals(state)
                || !product.input("b").equals(mask)) {
            throw new IllegalArgumentException(
                    "expected %s times %s as what the mask makes of it, got %s"
                            .formatted(state.name(), mask.name(), dropped));
        }
        boolean elsewhere = graph.output("y").equals(mask)
                || graph.nodes().stream().anyMatch(node -> node != product && node.inputs().containsValue(mask));
        if (elsewhere) {
            throw new IllegalArgumentException(
                    "expected %s to multiply its state alone, got it elsewhere too".formatted(mask.name()));
        }
    }

    /// The least size of x that has what the step cuts out of values of its size.
    private int leastInputSize() {
        int least = 1;
        for (Node node : graph.nodes()) {
            if (node.op() instanceof Op.Slice(int axis, _, int to)
                    && to != Op.Slice.END
                    && node.input("x").shape().dim(axis) == CellScope.INPUT_SIZE) {
                least = Math.max(least, to);
            }
        }
        return least;
    }

    /// Has a cell say what it does.
    ///
    /// @throws IllegalArgumentException if its values do not fit
    static RecordedCell of(Cell cell) {
        return new CellScope(CellScope.INPUT_SIZE).record(cell);
    }

    /// Has a cell say what it does with x of a size.
    static RecordedCell of(Cell cell, int inputSize) {
        Settings.atLeastOne("inputSize", inputSize);
        return new CellScope(inputSize).record(cell);
    }

    /// The step as it was recorded.
    Graph graph() {
        return graph;
    }

    /// The parameters as they were recorded, and how they begin.
    SequencedMap<Value, Initializer> parameters() {
        return parameters;
    }

    /// States, and what their masks make of them.
    SequencedMap<Value, Value> masked() {
        return masked;
    }

    /// What the layer takes behind x.
    List<Value> constants() {
        return constants;
    }

    /// The memories among the constants.
    List<Value> memories() {
        return constants.stream().filter(constant -> constant.shape().rank() == 3).toList();
    }

    /// The name of a memory's lengths.
    static String lengths(Value memory) {
        return memory.name() + ".lengths";
    }

    /// What stands for the number of steps of a memory.
    static int memoryTime(int memory) {
        return Shape.time(Shape.TIMES - 2 - memory);
    }

    /// The name of a state's mask.
    static String mask(Value state) {
        return state.name() + ".mask";
    }

    /// The number of features of x; empty if any will do.
    public Optional<Integer> inputSize() {
        int size = graph.value("x").shape().dim(1);
        return size == CellScope.INPUT_SIZE ? Optional.empty() : Optional.of(size);
    }

    /// The names of the states.
    public List<String> states() {
        return graph.carried().keySet().stream().map(Value::name).toList();
    }

    /// The state whose next value the step gives; empty if it gives another.
    Optional<String> stateGiven() {
        Value y = graph.output("y");
        return graph.carried().entrySet().stream()
                .filter(state -> state.getValue().equals(y))
                .map(state -> state.getKey().name())
                .findFirst();
    }

    /// How recurrent dropout acts.
    enum Masks {
        /// It does not.
        NONE,
        /// By an input of the step for each state that asks for it, see [#mask].
        GIVEN
    }

    /// What a step was recorded without.
    ///
    /// @param inputSize the number of features of x
    /// @param steps extents by the stand-ins of memories; those that are not there stay as they are
    /// @param full names of the lengths that are not given, since all sequences have all steps
    record Sizes(int inputSize, Map<Integer, Integer> steps, Set<String> full) {
        Shape of(Shape recorded) {
            int[] dims = sized(recorded, inputSize).dims();
            for (int axis = 0; axis < dims.length; axis++) {
                dims[axis] = steps.getOrDefault(dims[axis], dims[axis]);
            }
            return Shape.of(dims);
        }
    }

    /// The sizes of a step that takes these.
    ///
    /// @param inputs by role: x, the constants, and lengths of memories where they are given
    Sizes sizes(Map<String, Value> inputs) {
        Map<Integer, Integer> steps = new HashMap<>();
        Set<String> full = new HashSet<>();
        for (Value memory : memories()) {
            Shape given = Objects.requireNonNull(inputs.get(memory.name())).shape();
            steps.put(memory.shape().dim(1), given.dim(1));
            if (!inputs.containsKey(lengths(memory))) {
                full.add(lengths(memory));
            }
        }
        return new Sizes(Objects.requireNonNull(inputs.get("x")).shape().dim(-1), steps, full);
    }

    /// The step for x and memories of certain sizes. Its roles are `x`, the states, parameters, masks, constants and
    /// lengths of memories by their names, and the output `y`.
    ///
    /// @param last a name for a state beside those of the cell that holds its last output; empty for none
    Op.Scan scan(Sizes sizes, Direction direction, Masks masks, String last) {
        Graph.Builder builder = Graph.builder();
        Map<Value, Value> values = new HashMap<>();
        for (Value input : graph.inputs()) {
            boolean mask = masked.keySet().stream().anyMatch(state -> mask(state).equals(input.name()));
            if ((!mask || masks == Masks.GIVEN) && !sizes.full().contains(input.name())) {
                values.put(input, builder.input(input.name(), input.type(), sizes.of(input.shape())));
            }
        }
        for (Node node : graph.nodes()) {
            Optional<Value> unmasked = masks == Masks.GIVEN ? Optional.empty() : stateMaskedBy(node);
            if (unmasked.isPresent()) {
                values.put(node.output("y"), find(values, unmasked.get()));
                continue;
            }
            SequencedMap<String, Value> inputs = new LinkedHashMap<>();
            node.inputs().forEach((role, value) -> {
                if (!sizes.full().contains(value.name())) {
                    inputs.put(role, find(values, value));
                }
            });
            Op op = node.op() instanceof Op.Reshape(Shape shape) ? new Op.Reshape(sizes.of(shape)) : node.op();
            Node copy = builder.add(node.name(), op, inputs);
            node.outputs().forEach((role, value) -> values.put(value, copy.output(role)));
        }
        graph.carried().forEach((before, after) -> {
            // Without its mask a dropped state is the state, which no node makes.
            Value next = find(values, after);
            Value own = stateMaskedBy(graph.producer(after).orElseThrow()).isPresent() && masks == Masks.NONE
                    ? builder.unary(before.name() + "-kept", UnaryKind.IDENTITY, next)
                    : next;
            builder.carry(find(values, before), own);
        });
        Value y = find(values, graph.output("y"));
        builder.output("y", y);
        if (!last.isEmpty()) {
            Value before = builder.input(last, y.type(), y.shape());
            builder.carry(before, builder.unary(last + "-next", UnaryKind.IDENTITY, y));
        }
        return new Op.Scan(builder.build(), List.of(find(values, graph.value("x"))), direction);
    }

    private Optional<Value> stateMaskedBy(Node node) {
        return masked.entrySet().stream()
                .filter(entry -> node.outputs().containsValue(entry.getValue()))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    private static Value find(Map<Value, Value> values, Value value) {
        Value found = values.get(value);
        if (found == null) {
            throw new IllegalStateException(value.name() + " is not of the cell");
        }
        return found;
    }

    /// A recorded shape with a number for the size of x.
    static Shape sized(Shape shape, int inputSize) {
        int[] dims = shape.dims();
        for (int axis = 0; axis < dims.length; axis++) {
            if (dims[axis] == CellScope.INPUT_SIZE) {
                dims[axis] = inputSize;
            }
        }
        return Shape.of(dims);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof RecordedCell cell && lines().equals(cell.lines());
    }

    @Override
    public int hashCode() {
        return lines().hashCode();
    }

    /// What the cell is, whatever the order in which it was said.
    private List<Object> lines() {
        List<Object> lines = new ArrayList<>();
        lines.add(graph.value("x").shape());
        parameters.forEach((value, initializer) -> lines.add(List.of(value.name(), value.shape(), initializer)));
        masked.forEach((state, value) -> lines.add(List.of(state.name(), value.name())));
        constants.forEach(constant -> lines.add(List.of(constant.name(), constant.shape())));
        graph.carried().forEach((state, next) -> lines.add(List.of(state.name(), state.shape(), next.name())));
        for (Node node : graph.nodes()) {
            Map<String, String> inputs = new LinkedHashMap<>();
            node.inputs().forEach((role, value) -> inputs.put(role, value.name()));
            lines.add(List.of(node.name(), node.op(), inputs));
        }
        lines.add(graph.output("y").name());
        return lines;
    }

    @Override
    public String toString() {
        return "cell of states " + states() + " and " + graph.nodes().size() + " operations";
    }
}
