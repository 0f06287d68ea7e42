package dev.rondo.plan;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Node;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/// The update of all parameters by their gradients: the global norm, then an optimizer that scales by it, each one call
/// over flat memory. The optimizer's states live here, laid out as the parameters are.
///
/// A step is [#norm], a look at whether it is finite, then [#apply]. For use by one thread at a time; close it before
/// the parameters.
public final class Update implements AutoCloseable {
    private final Parameters parameters;
    private final Arena arena;
    private final SequencedMap<String, MemorySegment> states;
    private final Stage norm;
    private final Stage rule;
    private final Value normOf;
    private final Value normResult;
    private final Value gradients;
    private final MemorySegment rateCell;
    private final MemorySegment stepCell;

    /// A plan of one node over flat memory.
    private record Stage(Plan plan, Node node) {}

    private Update(Parameters parameters, Op op, float maxNorm, Engine engine, List<String> stateNames) {
        this.parameters = parameters;
        arena = Arena.ofShared();
        SequencedMap<String, MemorySegment> memory = new LinkedHashMap<>();
        List<String> flat = new ArrayList<>(List.of("parameters", "gradients"));
        flat.addAll(stateNames);
        List<String> scalars =
                op instanceof Op.Adam ? List.of("scale", "rate", "step") : List.of("scale", "rate");
        Optional<Stage> first = Optional.empty();
        try {
            stateNames.forEach(name -> memory.put(name, parameters.allocateLike(arena)));
            first = Optional.of(stage(new Op.GlobalNorm(maxNorm), List.of("x"), List.of(), engine));
            rule = stage(op, flat, scalars, engine);
        } catch (RuntimeException | Error e) {
            first.ifPresent(stage -> stage.plan().close());
            arena.close();
            throw e;
        }
        states = Collections.unmodifiableSequencedMap(memory);
        norm = first.get();
        normOf = norm.node().input("x");
        normResult = norm.node().output("norm");
        gradients = rule.node().input("gradients");
        rateCell = rule.plan().memory(rule.node().input("rate"));
        stepCell = rule.node().optionalInput("step").map(rule.plan()::memory).orElse(MemorySegment.NULL);
        rule.plan().bind(rule.node().input("parameters"), parameters.segment());
        rule.plan().bind(rule.node().input("scale"), norm.plan().memory(norm.node().output("scale")));
        states.forEach((name, segment) -> rule.plan().bind(rule.node().input(name), segment));
    }

    /// Stochastic gradient descent, clipped to a global norm; infinity never clips. The one state is `velocity`, there
    /// with momentum.
    public static Update sgd(Parameters parameters, Op.Sgd sgd, float maxNorm, Engine engine) {
        return new Update(parameters, sgd, maxNorm, engine, sgd.momentum() == 0 ? List.of() : List.of("velocity"));
    }

    /// Adam, clipped to a global norm; infinity never clips. The states are `m` and `v`.
    public static Update adam(Parameters parameters, Op.Adam adam, float maxNorm, Engine engine) {
        return new Update(parameters, adam, maxNorm, engine, List.of("m", "v"));
    }

    /// The optimizer's states by name, for checkpoints; [Parameters#views] shows them by parameter. Zeros at first.
    public SequencedMap<String, MemorySegment> states() {
        return states;
    }

    /// Measures the gradients' global norm.
    ///
    /// @param flat the gradients, laid out as the parameters: [Plan#gradients] for instance
    public double norm(MemorySegment flat) {
        norm.plan().bind(normOf, flat);
        norm.plan().run(1, 1);
        return norm.plan().scalar(normResult);
    }

    /// Changes the parameters by the gradients whose norm was measured last, and counts the change.
    ///
    /// @param flat the gradients, as given to [#norm]
    /// @param rate the learning rate
    /// @param step the number of this update, from 1
    public void apply(MemorySegment flat, double rate, long step) {
        rule.plan().bind(gradients, flat);
        if (parameters.type() == DataType.FLOAT64) {
            rateCell.set(ValueLayout.JAVA_DOUBLE, 0, rate);
        } else {
            rateCell.set(ValueLayout.JAVA_FLOAT, 0, (float) rate);
        }
        if (stepCell.byteSize() > 0) {
            stepCell.set(ValueLayout.JAVA_LONG, 0, step);
        }
        rule.plan().run(1, 1);
        parameters.changed();
    }

    /// Frees the states. Closing again does nothing.
    @Override
    public void close() {
        rule.plan().close();
        norm.plan().close();
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    private Stage stage(Op op, List<String> flat, List<String> scalars, Engine engine) {
        Graph.Builder builder = Graph.builder();
        SequencedMap<String, Value> inputs = new LinkedHashMap<>();
        Shape shape = Shape.of(Math.toIntExact(parameters.elements()));
        flat.forEach(role -> inputs.put(role, builder.input(role, DataType.FLOAT32, shape)));
        scalars.forEach(
                role ->
                        inputs.put(
                                role,
                                builder.input(role, role.equals("step") ? DataType.INT64 : DataType.FLOAT32,
                                        Shape.scalar())));
        Node node = builder.add("update", op, inputs);
        node.outputs().forEach(builder::output);
        return new Stage(Plan.of(builder.build(), parameters, engine), node);
    }
}
