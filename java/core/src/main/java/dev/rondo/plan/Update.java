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

/// The update of all trained parameters by their gradients: the global norm, then clipping and an optimizer in one run
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

    private Update(Parameters parameters, Op op, Clip clip, Engine engine) {
        this.parameters = parameters;
        arena = Arena.ofShared();
        SequencedMap<String, MemorySegment> memory = new LinkedHashMap<>();
        SequencedMap<String, Double> starts = starts(op);
        List<String> flat = new ArrayList<>(List.of("parameters", "gradients"));
        flat.addAll(starts.keySet());
        List<String> scalars =
                op instanceof Op.Adam ? List.of("scale", "rate", "step") : List.of("scale", "rate");
        float maxNorm = clip.kind() == Clip.Kind.GLOBAL_NORM ? (float) clip.max() : Float.POSITIVE_INFINITY;
        Optional<Stage> first = Optional.empty();
        try {
            starts.forEach((name, start) -> memory.put(name, state(start)));
            first = Optional.of(stage(new Op.GlobalNorm(maxNorm), List.of("x"), List.of(), engine));
            rule = stage(op, flat, scalars, engine, clipping(clip));
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

    /// An optimizer behind a clip. The states are those that its operation names: `velocity` of [Op.Sgd], there with
    /// momentum; `m` and `v` of [Op.Adam]; `v`, if centered `m`, with momentum `velocity` of [Op.RmsProp]; `sum` of
    /// [Op.Adagrad].
    ///
    /// @throws IllegalArgumentException if the operation is no optimizer
    public static Update of(Parameters parameters, Op optimizer, Clip clip, Engine engine) {
        return new Update(parameters, optimizer, clip, engine);
    }

    /// What each state holds before the first step, by the role that it has in the operation.
    private static SequencedMap<String, Double> starts(Op optimizer) {
        SequencedMap<String, Double> starts = new LinkedHashMap<>();
        switch (optimizer) {
            case Op.Sgd sgd -> {
                if (sgd.momentum() > 0) {
                    starts.put("velocity", 0.0);
                }
            }
            case Op.Adam _ -> {
                starts.put("m", 0.0);
                starts.put("v", 0.0);
            }
            case Op.RmsProp rmsProp -> {
                starts.put("v", 0.0);
                if (rmsProp.centered()) {
                    starts.put("m", 0.0);
                }
                if (rmsProp.momentum() > 0) {
                    starts.put("velocity", 0.0);
                }
            }
            case Op.Adagrad adagrad -> starts.put("sum", (double) adagrad.start());
            default -> throw new IllegalArgumentException("update: expected an optimizer, got " + optimizer);
        }
        return starts;
    }

    private MemorySegment state(double start) {
        MemorySegment memory = parameters.allocateLike(arena);
        if (start != 0) {
            for (long i = 0; i < parameters.trainedElements(); i++) {
                if (parameters.type() == DataType.FLOAT64) {
                    memory.setAtIndex(ValueLayout.JAVA_DOUBLE, i, start);
                } else {
                    memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) start);
                }
            }
        }
        return memory;
    }

    /// What changes the gradients before the optimizer sees them. A global norm needs none: the optimizer scales by it.
    private Optional<Op> clipping(Clip clip) {
        return switch (clip.kind()) {
            case NONE, GLOBAL_NORM -> Optional.empty();
            case NORM ->
                Optional.of(new Op.ClipNorms(
                        (float) clip.max(),
                        parameters.slots().values().stream()
                                .filter(parameters::isTrained)
                                .map(slot -> new Op.Range(
                                        slot.offset(),
                                        slot.offset() + slot.shape().elements()))
                                .toList()));
            case VALUE -> Optional.of(new Op.ClipValues((float) clip.max()));
        };
    }

    /// The optimizer's states by name, for checkpoints; [Parameters#views] shows them by parameter.
    public SequencedMap<String, MemorySegment> states() {
        return states;
    }

    /// Measures the gradients' global norm.
    ///
    /// @param flat the gradients, laid out as the trained parameters: [Plan#gradients] for instance
    public double norm(MemorySegment flat) {
        norm.plan().bind(normOf, flat);
        norm.plan().run(1, 1);
        return norm.plan().scalar(normResult);
    }

    /// Changes the parameters by the gradients whose norm was measured last, and counts the change.
    ///
    /// @param flat the gradients, as given to [#norm]; changed where they are clipped by value or each by its norm
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
        return stage(op, flat, scalars, engine, Optional.empty());
    }

    private Stage stage(Op op, List<String> flat, List<String> scalars, Engine engine, Optional<Op> clipping) {
        Graph.Builder builder = Graph.builder();
        SequencedMap<String, Value> inputs = new LinkedHashMap<>();
        Shape shape = Shape.of(Math.toIntExact(parameters.trainedElements()));
        flat.forEach(role -> inputs.put(role, builder.input(role, DataType.FLOAT32, shape)));
        scalars.forEach(
                role ->
                        inputs.put(
                                role,
                                builder.input(role, role.equals("step") ? DataType.INT64 : DataType.FLOAT32,
                                        Shape.scalar())));
        clipping.ifPresent(
                clip -> {
                    SequencedMap<String, Value> gradients = new LinkedHashMap<>();
                    gradients.put("gradients", inputs.get("gradients"));
                    builder.add("clip", clip, gradients);
                });
        Node node = builder.add("update", op, inputs);
        node.outputs().forEach(builder::output);
        return new Stage(Plan.of(builder.build(), parameters, engine), node);
    }
}
