package dev.rondo.layers;

import dev.rondo.graph.Node;
import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.Value;
import dev.rondo.layers.RecurrentSettings.Output;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/// A recurrent layer of any [Cell], which it runs over time.
///
/// Takes float32 `[B,T,I]`; gives the cell's output of every step `[B,T,n]`, or of each sequence's own last step
/// `[B,n]`. Steps behind a sequence's length yield zeros and leave its states alone. Each state after each sequence's
/// own last step is a further output, by its name (of one called `y`: `y.state`). Behind x it takes the memories and
/// constants that the cell names ([CellScope#memory], [CellScope#constant]), in its order, and behind them the states
/// before the first step, all of them or none. Its parameters are those that the cell names. Gradients are exact, by
/// the rules of the cell's operations. What the cell computes of x alone is computed for all steps at once, see
/// [dev.rondo.graph.Graph.Builder#scan].
///
/// ```java
/// Rnn.of((s, x) -> {
///     Value h = s.state("h", 32);
///     return s.next(h, s.tanh(s.add(s.dense("input", x, 32), s.recurrent("state", s.dropped(h), 32))));
/// }).returnSequences()
/// ```
///
/// It is slower than a fused layer of the same equations ([Lstm], [Gru], [SimpleRnn]): each operation of a step goes
/// over memory by itself.
///
/// @param name of its parameters' path; empty: `rnn`, and `rnn_1`, `rnn_2` for further ones
/// @param cell what happens at each step
/// @param output what the layer gives
/// @param direction in which order it reads each sequence
/// @param recurrentDropout the part of each state that the cell asks for by [CellScope#dropped] that is dropped in
///     training, in [0, 1)
public record Rnn(String name, RecordedCell cell, Output output, Direction direction, double recurrentDropout)
        implements Directed {
    /// The state in which the last output is kept. No name that a cell can give has a dash.
    private static final String LAST = "last-output";

    public Rnn {
        Settings.name("Rnn", name);
        if (!(recurrentDropout >= 0 && (float) recurrentDropout < 1)) {
            throw new IllegalArgumentException(
                    "Rnn: recurrentDropout: expected a number in [0, 1) in float32, got " + recurrentDropout);
        }
        if (recurrentDropout > 0 && cell.masked().isEmpty()) {
            throw new IllegalArgumentException(
                    "Rnn: recurrentDropout: expected a cell that says of a state where it is dropped, got a " + cell);
        }
    }

    /// A layer that gives its last output, forward.
    ///
    /// @throws IllegalArgumentException if the cell's values do not fit
    public static Rnn of(Cell cell) {
        return new Rnn("", RecordedCell.of(cell), Output.LAST, Direction.FORWARD, 0);
    }

    /// The same of a cell that needs to know the size of x.
    ///
    /// @param inputSize I
    public static Rnn of(Cell cell, int inputSize) {
        return new Rnn("", RecordedCell.of(cell, inputSize), Output.LAST, Direction.FORWARD, 0);
    }

    /// Giving its output at every step.
    public Rnn returnSequences() {
        return new Rnn(name, cell, Output.SEQUENCES, direction, recurrentDropout);
    }

    @Override
    public Rnn goBackwards() {
        return new Rnn(name, cell, output, Direction.REVERSE, recurrentDropout);
    }

    /// Dropping a part of the states where the cell says so, in training: the same units at every step, others in each
    /// sequence and batch (Gal & Ghahramani 2016). What is left is scaled up so that the mean stays.
    ///
    /// @param rate the part, in [0, 1)
    /// @throws IllegalArgumentException if the cell says so of no state
    public Rnn recurrentDropout(double rate) {
        return new Rnn(name, cell, output, direction, rate);
    }

    @Override
    public SequencedMap<String, Value> apply(Scope scope, List<Value> inputs) {
        List<Value> constants = cell.constants();
        List<String> states = cell.states();
        int least = inputsBeforeStates();
        if (inputs.size() != least && inputs.size() != least + states.size()) {
            throw new IllegalArgumentException("%s: expected x%s, and besides all states %s or none, got %d inputs"
                    .formatted(
                            scope.path(),
                            constants.isEmpty() ? "" : " and " + constants.stream().map(Value::name).toList(),
                            states,
                            inputs.size()));
        }
        Value x = inputs.getFirst();
        checkX(scope, x);
        SequencedMap<String, Value> all = Cells.inputs(scope, cell, x);
        for (int i = 0; i < constants.size(); i++) {
            give(scope, all, constants.get(i), inputs.get(1 + i));
        }
        List<Value> begin = inputs.subList(least, inputs.size());
        for (int i = 0; i < begin.size(); i++) {
            Shape shape = cell.graph().value(states.get(i)).shape();
            if (begin.get(i).type() != DataType.FLOAT32 || !begin.get(i).shape().equals(shape)) {
                throw scope.wrong("the state %s FLOAT32 %s".formatted(states.get(i), shape), begin.get(i));
            }
        }
        Optional<String> given = cell.stateGiven();
        String last = output == Output.LAST && given.isEmpty() ? LAST : "";
        Node node = Cells.scan(scope, cell, new Cells.Walk(direction, recurrentDropout, last), all, begin);
        SequencedMap<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(Y, node.output(switch (output) {
            case SEQUENCES -> "y";
            case LAST -> given.orElse(LAST) + "N";
        }));
        states.forEach(state -> outputs.put(stateOutput(state), node.output(state + "N")));
        return outputs;
    }

    @Override
    public int inputsBeforeStates() {
        return 1 + cell.constants().size();
    }

    @Override
    public List<String> stateOutputs() {
        return cell.states().stream().map(Rnn::stateOutput).toList();
    }

    /// The main output has its name already.
    private static String stateOutput(String state) {
        return state.equals(Y) ? "y.state" : state;
    }

    private static void give(Scope scope, SequencedMap<String, Value> all, Value constant, Value value) {
        boolean isMemory = constant.shape().rank() == 3;
        int size = constant.shape().dim(-1);
        boolean fits = value.shape().rank() == constant.shape().rank() && value.shape().dim(-1) == size;
        if (value.type() != DataType.FLOAT32 || !fits) {
            throw scope.wrong(
                    "the %s FLOAT32 [B,%s%d]".formatted(
                            isMemory ? "memory " + constant.name() : "constant " + constant.name(),
                            isMemory ? "M," : "", size),
                    value);
        }
        all.put(constant.name(), scope.real(constant.name(), value));
        if (isMemory) {
            scope.lengths(value).ifPresent(lengths -> all.put(RecordedCell.lengths(constant), lengths));
        }
    }

    private void checkX(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() != 3) {
            throw scope.wrong("FLOAT32 [B,T,I]", x);
        }
        int inputSize = x.shape().dim(-1);
        if (cell.inputSize().isPresent() && cell.inputSize().get() != inputSize) {
            throw scope.wrong("FLOAT32 [B,T,%d], which its cell was made for".formatted(cell.inputSize().get()), x);
        }
    }

    @Override
    public Rnn named(String name) {
        return new Rnn(name, cell, output, direction, recurrentDropout);
    }
}
