package dev.rondo.layers;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// One step of a [Cell] while the cell says what it does. Values are rows, one for each sequence of the batch: `[B,n]`;
/// a [#memory] has steps of its own.
///
/// Every method throws an [IllegalArgumentException] that names the operation, what was expected and what came if values
/// do not fit. Names are letters, digits and `_`.
public final class CellScope {
    /// Stands for the number of features of x, which is not known before the cell's layer stands in a model. A symbol of
    /// time, since shapes have no others and a step knows no time.
    static final int INPUT_SIZE = Shape.time(Shape.TIMES - 1);

    private final Graph.Builder graph = Graph.builder();
    private final SequencedMap<Value, Initializer> parameters = new LinkedHashMap<>();
    private final SequencedMap<Value, Value> states = new LinkedHashMap<>();
    private final SequencedMap<Value, Value> masked = new LinkedHashMap<>();
    private final List<Value> constants = new ArrayList<>();
    private final Map<Value, Value> lengths = new HashMap<>();
    private final Value x;
    private int operations;

    /// @param inputSize the number of features of x, or [#INPUT_SIZE]
    CellScope(int inputSize) {
        x = graph.input("x", DataType.FLOAT32, Shape.of(Shape.BATCH, inputSize));
    }

    /// What the cell has said.
    RecordedCell record(Cell cell) {
        Value y = cell.step(this, x);
        states.forEach((before, after) -> {
            if (before.equals(after)) {
                throw new IllegalArgumentException(
                        "cell: expected the next value of state %s by next, got none".formatted(before.name()));
            }
            graph.carry(before, after);
        });
        if (y.shape().rank() != 2) {
            throw new IllegalArgumentException("cell: expected an output [B,n], got " + y.shape());
        }
        graph.output("y", y);
        return new RecordedCell(graph.build(), parameters, masked, constants);
    }

    // ------------------------------------------------------------------------------------------- states and parameters

    /// A state of the cell, as the step before left it: zeros at first. Say what it leaves by [#next].
    ///
    /// @param size of its own, at least 1
    /// @return `[B,size]`
    public Value state(String name, int size) {
        checkName("state", name);
        Settings.atLeastOne(name, size);
        Value state = graph.input(name, DataType.FLOAT32, Shape.of(Shape.BATCH, size));
        states.put(state, state);
        return state;
    }

    /// A sequence that is whole at every step, such as what an encoder gave: an input of the layer behind x, in the
    /// order in which the cell names them. It has zeros as padding. See [#attend].
    ///
    /// @param size features of a step, at least 1
    /// @return `[B,M,size]`
    /// @throws IllegalArgumentException beyond four of them
    public Value memory(String name, int size) {
        checkName("memory", name);
        Settings.atLeastOne(name, size);
        if (lengths.size() == RecordedCell.MOST_MEMORIES) {
            throw new IllegalArgumentException(
                    "cell: expected at most %d memories, got another one, %s".formatted(lengths.size(), name));
        }
        int steps = RecordedCell.memoryTime(lengths.size());
        Value memory = graph.input(name, DataType.FLOAT32, Shape.of(Shape.BATCH, steps, size));
        lengths.put(memory, graph.input(RecordedCell.lengths(memory), DataType.INT32, Shape.of(Shape.BATCH)));
        constants.add(memory);
        return memory;
    }

    /// Numbers of each sequence that are the same at every step, such as what an encoder left: an input of the layer
    /// behind x, in the order in which the cell names them.
    ///
    /// @param size of its own, at least 1
    /// @return `[B,size]`
    public Value constant(String name, int size) {
        checkName("constant", name);
        Settings.atLeastOne(name, size);
        Value constant = graph.input(name, DataType.FLOAT32, Shape.of(Shape.BATCH, size));
        constants.add(constant);
        return constant;
    }

    /// Says what a state is after the step.
    ///
    /// @return the value
    public Value next(Value state, Value value) {
        Value before = states.get(state);
        if (before == null || !before.equals(state)) {
            throw new IllegalArgumentException(
                    "next: expected a state of the cell without a next value, got " + state.name());
        }
        if (!value.shape().equals(state.shape())) {
            throw new IllegalArgumentException(
                    "next: %s: expected %s, got %s".formatted(state.name(), state.shape(), value));
        }
        boolean own = graph.build().producer(value).isPresent() && !states.containsValue(value);
        states.put(state, own ? value : unary(UnaryKind.IDENTITY, value));
        return value;
    }

    /// A state as its products see it: where the layer has recurrent dropout and trains, with a part of its units
    /// dropped, the same at every step of a sequence; else the state.
    ///
    /// @param state one of the cell's
    public Value dropped(Value state) {
        if (!states.containsKey(state)) {
            throw new IllegalArgumentException("dropped: expected a state of the cell, got " + state.name());
        }
        Value known = masked.get(state);
        if (known != null) {
            return known;
        }
        Value mask = graph.input(RecordedCell.mask(state), DataType.FLOAT32, state.shape());
        Value dropped = binary(BinaryKind.MULTIPLY, state, mask);
        masked.put(state, dropped);
        return dropped;
    }

    /// The number of features of a value `[B,n]`, for the columns of a matrix. Of x it is a stand-in, negative and printed
    /// as `T7`, unless the layer was told ([Rnn#of(Cell, int)]); so nothing can be computed of it.
    public int width(Value value) {
        return value.shape().dim(-1);
    }

    /// A parameter.
    ///
    /// @param initializer how it begins
    /// @param columns a number, or the [#width] of a value
    /// @return `[rows,columns]`
    public Value matrix(String name, Initializer initializer, int rows, int columns) {
        checkName("parameter", name);
        return parameter(name, initializer, Shape.of(rows, columns));
    }

    /// A parameter.
    ///
    /// @return `[size]`
    public Value vector(String name, Initializer initializer, int size) {
        checkName("parameter", name);
        return parameter(name, initializer, Shape.of(size));
    }

    private Value parameter(String name, Initializer initializer, Shape shape) {
        for (int axis = 0; axis < shape.rank(); axis++) {
            int dim = shape.dim(axis);
            if (dim < 1 && dim != INPUT_SIZE) {
                throw new IllegalArgumentException(name + ": expected extents of at least 1, got " + shape);
            }
        }
        Value parameter = graph.input(name, DataType.FLOAT32, shape);
        parameters.put(parameter, initializer);
        return parameter;
    }

    private static void checkName(String what, String name) {
        if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
            throw new IllegalArgumentException(
                    "cell: %s: expected a name of letters, digits and _, got \"%s\"".formatted(what, name));
        }
    }

    // ------------------------------------------------------------------------------------------------------- products

    /// W x + b of a new weight and bias, `name.weight` `[units,n]`, Glorot-uniform, and `name.bias` `[units]`, zeros.
    ///
    /// @param x `[B,n]`
    /// @return `[B,units]`
    public Value dense(String name, Value x, int units) {
        return dense(name, x, units, Initializer.glorotUniform(), Initializer.zeros());
    }

    /// W x + b of a new weight and bias, `name.weight` `[units,n]` and `name.bias` `[units]`.
    ///
    /// @return `[B,units]`
    public Value dense(String name, Value x, int units, Initializer weights, Initializer bias) {
        Value product = product(name, x, units, weights);
        return add(product, parameter(name + ".bias", bias, Shape.of(units)));
    }

    /// U h of a new weight `name.weight` `[units,n]`, orthogonal.
    ///
    /// @param h `[B,n]`
    /// @return `[B,units]`
    public Value recurrent(String name, Value h, int units) {
        return product(name, h, units, Initializer.orthogonal());
    }

    /// W x of a new weight `name.weight` `[units,n]`.
    ///
    /// @return `[B,units]`
    public Value product(String name, Value x, int units, Initializer weights) {
        checkName("product", name);
        return times(parameter(name + ".weight", weights, Shape.of(units, width(x))), x);
    }

    /// W x.
    ///
    /// @param weight `[units,n]`
    /// @param x `[B,n]`
    /// @return `[B,units]`
    public Value times(Value weight, Value x) {
        return graph.dense(name("times"), x, weight);
    }

    // ------------------------------------------------------------------------------------------------------ attention

    /// What a query gets of a memory.
    ///
    /// @param context the mean of the memory's steps by their weights, `[B,n]`
    /// @param weights of the memory's steps, `[B,M]`, 0 behind a sequence's length
    public record Attended(Value context, Value weights) {}

    /// Looks at a memory, or at what was made of it step by step, by the equations of [Attention], whose values are its
    /// keys too. Where the query is a state and the context goes into the next one, it is the decoder of Bahdanau, Cho
    /// & Bengio (2015). What does not depend on the query is computed once for all steps.
    ///
    /// ```java
    /// Value context = s.attend(Attention.additive(32), h, s.memory("memory", 64)).context();
    /// ```
    ///
    /// @param attention its name, `attention` if it is empty, stands before those of its parameters:
    ///     `attention.queryWeight`; for a cell with several of them
    /// @param query `[B,H]`
    /// @param memory `[B,M,n]`
    public Attended attend(Attention attention, Value query, Value memory) {
        String prefix = attention.name().isEmpty() ? "attention" : attention.name();
        checkName("attention", prefix);
        if (query.shape().rank() != 2) {
            throw new IllegalArgumentException("attend: expected a query [B,H], got " + query);
        }
        Optional<Value> own = lengths.keySet().stream()
                .filter(known -> memory.shape().rank() == 3 && known.shape().dim(1) == memory.shape().dim(1))
                .findFirst();
        if (own.isEmpty()) {
            throw new IllegalArgumentException("attend: expected a memory of the cell [B,M,n], got " + memory);
        }
        Attention.Place place = new Attention.Place() {
            @Override
            public Graph.Builder graph() {
                return graph;
            }

            @Override
            public String name(String part) {
                return CellScope.this.name(part);
            }

            @Override
            public Value matrix(String name, Initializer initializer, int rows, int columns) {
                return parameter(prefix + "." + name, initializer, Shape.of(rows, columns));
            }
        };
        List<Value> attended = attention.attend(place, query, memory, own.map(lengths::get));
        return new Attended(attended.getFirst(), attended.getLast());
    }

    // ---------------------------------------------------------------------------------------------------- elementwise

    /// The sum of values; each may be a vector `[n]` or a number beside rows `[B,n]`.
    public Value add(Value a, Value b, Value... more) {
        Value sum = binary(BinaryKind.ADD, a, b);
        for (Value next : more) {
            sum = binary(BinaryKind.ADD, sum, next);
        }
        return sum;
    }

    /// a - b
    public Value subtract(Value a, Value b) {
        return binary(BinaryKind.SUBTRACT, a, b);
    }

    /// a b, element by element
    public Value multiply(Value a, Value b) {
        return binary(BinaryKind.MULTIPLY, a, b);
    }

    /// a / b, element by element
    public Value divide(Value a, Value b) {
        return binary(BinaryKind.DIVIDE, a, b);
    }

    /// 1 - x
    public Value oneMinus(Value x) {
        return subtract(constant(1), x);
    }

    /// gate a + (1 - gate) b
    public Value mix(Value gate, Value a, Value b) {
        return add(multiply(gate, a), multiply(oneMinus(gate), b));
    }

    /// 1 / (1 + exp(-x))
    public Value sigmoid(Value x) {
        return unary(UnaryKind.SIGMOID, x);
    }

    /// tanh x
    public Value tanh(Value x) {
        return unary(UnaryKind.TANH, x);
    }

    /// max(x, 0)
    public Value relu(Value x) {
        return unary(UnaryKind.RELU, x);
    }

    /// exp(x - max x) / sum for each row
    public Value softmax(Value x) {
        return graph.softmax(name("softmax"), x);
    }

    /// The nearest number to x in low..high; its gradient is 1 within and at the bounds, else 0.
    ///
    /// @param low finite, at most high
    /// @param high finite
    public Value clip(Value x, double low, double high) {
        if (!Float.isFinite((float) low) || !Float.isFinite((float) high)) {
            throw new IllegalArgumentException("clip: expected finite bounds in float32, got " + low + ", " + high);
        }
        return graph.clip(name("clip"), x, (float) low, (float) high);
    }

    // -------------------------------------------------------------------------------------------------------- shapes

    /// Rows side by side: `[B,n]` and `[B,m]` as `[B,n+m]`, and so on. To take x in, the layer must be told its size
    /// ([Rnn#of(Cell, int)]).
    public Value concat(Value a, Value b, Value... more) {
        List<Value> parts = new ArrayList<>(List.of(a, b));
        parts.addAll(List.of(more));
        for (Value part : parts) {
            if (part.shape().rank() != 2 || part.shape().dim(0) != Shape.BATCH || part.shape().dim(1) < 1) {
                throw new IllegalArgumentException(
                        "concat: expected rows [B,n] of a known number of features, got " + part);
            }
        }
        return graph.concat(name("concat"), 1, parts);
    }

    /// The features `from` (inclusive) to `to` (exclusive) of rows `[B,n]`: `[B,to-from]`.
    ///
    /// @param from at least 0
    /// @param to above `from`, at most n
    public Value slice(Value x, int from, int to) {
        if (x.shape().rank() != 2 || from < 0 || to <= from) {
            throw new IllegalArgumentException(
                    "slice: expected rows [B,n] and 0 <= from < to <= n, got %s, from %d, to %d"
                            .formatted(x, from, to));
        }
        return graph.slice(name("slice"), x, 1, from, to);
    }

    // --------------------------------------------------------------------------------------------------------- others

    /// Any function of one value.
    public Value unary(UnaryKind kind, Value x) {
        return graph.unary(name(kind.name().toLowerCase(Locale.ROOT)), kind, x);
    }

    /// Any function of two values; one may be a vector `[n]` or a number beside rows `[B,n]`.
    public Value binary(BinaryKind kind, Value a, Value b) {
        return graph.binary(name(kind.name().toLowerCase(Locale.ROOT)), kind, a, b);
    }

    /// What an activation makes of a value.
    public Value activate(Activation activation, Value x) {
        return activation.add(graph, name(activation.name().toLowerCase(Locale.ROOT)), x);
    }

    /// Part of any value, a parameter too, along an axis.
    Value part(Value x, int axis, int from, int to) {
        return graph.slice(name("slice"), x, axis, from, to);
    }

    /// A number.
    public Value constant(double number) {
        return graph.add(name("constant"), new Op.Constant(number), new LinkedHashMap<>()).output("y");
    }

    /// No name that a user can give has a dash.
    private String name(String operation) {
        return operation + "-" + ++operations;
    }
}
