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
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Stream;

/// The update of all trained parameters by their gradients: the global norm, then clipping and an optimizer in one run
/// over flat memory. The optimizer's states live here, laid out as the parameters are.
///
/// Parameters may be treated each in its own way, see [Treatment]. Neighbours that are treated alike are updated by one
/// operation, and all operations are one run. A parameter that is frozen has no part in the global norm.
///
/// A step is [#norm], a look at whether it is finite, then [#apply]. For use by one thread at a time; close it before
/// the parameters.
public final class Update implements AutoCloseable {
    private final Parameters parameters;
    private final Arena arena;
    private final SequencedMap<String, MemorySegment> states;
    private final List<Run> runs;
    private final List<Run> frozen;
    private final Optional<Penalties> penalties;
    private final Plan norm;
    private final Value normOf;
    private final Value normResult;
    private final Plan rule;
    private final List<RateCell> rateCells = new ArrayList<>();
    private final MemorySegment stepCell;
    /// The memory that the views of gradients are of, and those of the frozen ones.
    private MemorySegment zeroed = MemorySegment.NULL;
    private MemorySegment bound = MemorySegment.NULL;
    private List<MemorySegment> frozenGradients = List.of();

    /// How a parameter is treated.
    ///
    /// @param optimizer the operation that updates it; empty where it is frozen, that is, stays as it is
    /// @param rate what the learning rate is multiplied by, above 0
    /// @param l1 `a` of a penalty `a sum |w|` on the loss, at least 0
    /// @param l2 `b` of a penalty `b sum w^2` on the loss, at least 0
    public record Treatment(Optional<Op> optimizer, double rate, double l1, double l2) {
        /// Checks the numbers.
        public Treatment {
            if (!(rate > 0) || !(l1 >= 0) || !(l2 >= 0) || Double.isInfinite(rate + l1 + l2)) {
                throw new IllegalArgumentException("treatment: expected finite rate > 0, l1 >= 0, l2 >= 0, got %s, %s, %s"
                        .formatted(rate, l1, l2));
            }
        }

        /// Updated by an operation, without penalties.
        public static Treatment by(Op optimizer) {
            return new Treatment(Optional.of(optimizer), 1, 0, 0);
        }

        private boolean isPenalized() {
            return optimizer.isPresent() && (l1 > 0 || l2 > 0);
        }
    }

    /// Neighbours that are treated alike.
    private record Run(long begin, long end, List<Op.Range> tensors, Treatment treatment) {
        Run with(Parameters.Slot slot, long end) {
            List<Op.Range> all = new ArrayList<>(tensors);
            long first = slot.offset() - begin;
            all.add(new Op.Range(first, first + slot.shape().elements()));
            return new Run(begin, end, all, treatment);
        }

        MemorySegment slice(MemorySegment flat, DataType type) {
            return flat.asSlice(begin * type.bytes(), (end - begin) * type.bytes());
        }
    }

    /// Where the rate of those stands whose rate is multiplied by a factor.
    private record RateCell(double factor, MemorySegment cell) {
        void set(double rate, DataType type) {
            if (type == DataType.FLOAT64) {
                cell.set(ValueLayout.JAVA_DOUBLE, 0, rate * factor);
            } else {
                cell.set(ValueLayout.JAVA_FLOAT, 0, (float) (rate * factor));
            }
        }
    }

    private Update(Parameters parameters, Map<String, Treatment> treatments, Clip clip, Engine engine) {
        this.parameters = parameters;
        List<Run> all = runs(parameters, treatments);
        runs = all.stream().filter(run -> run.treatment().optimizer().isPresent()).toList();
        frozen = all.stream().filter(run -> run.treatment().optimizer().isEmpty()).toList();
        if (runs.isEmpty() && !all.isEmpty()) {
            throw new IllegalArgumentException("update: expected a parameter that is not frozen, got none");
        }
        SequencedMap<String, Double> starts = starts(runs);
        arena = Arena.ofShared();
        List<Runnable> undo = new ArrayList<>(List.of(arena::close));
        try {
            SequencedMap<String, MemorySegment> memory = new LinkedHashMap<>();
            starts.forEach((name, start) -> memory.put(name, state(start)));
            states = Collections.unmodifiableSequencedMap(memory);
            penalties = penalties(engine);
            penalties.ifPresent(made -> undo.add(made::close));
            Graph.Builder builder = Graph.builder();
            normOf = builder.input("x", DataType.FLOAT32, shape(parameters.trainedElements()));
            float max = clip.kind() == Clip.Kind.GLOBAL_NORM ? (float) clip.max() : Float.POSITIVE_INFINITY;
            Node node = builder.add("norm", new Op.GlobalNorm(max), new LinkedHashMap<>(Map.of("x", normOf)));
            node.outputs().forEach(builder::output);
            normResult = node.output("norm");
            norm = Plan.of(builder.build(), parameters, engine);
            undo.add(norm::close);
            rule = Plan.of(rules(starts.keySet(), clip), parameters, engine);
            undo.add(rule::close);
            Graph graph = rule.graph();
            rule.bind(graph.value("scale"), norm.memory(node.output("scale")));
            for (Run run : runs) {
                rule.bind(graph.value("parameters " + run.begin()), run.slice(parameters.segment(), parameters.type()));
                states.forEach((name, segment) -> rule.bind(
                        graph.value(name + " " + run.begin()), run.slice(segment, parameters.type())));
            }
            runs.stream().mapToDouble(run -> run.treatment().rate()).distinct().forEach(
                    factor -> rateCells.add(new RateCell(factor, rule.memory(graph.value("rate " + factor)))));
            boolean stepped = runs.stream().anyMatch(Update::isStepped);
            stepCell = stepped ? rule.memory(graph.value("step")) : MemorySegment.NULL;
        } catch (RuntimeException | Error e) {
            undo.reversed().forEach(Runnable::run);
            throw e;
        }
    }

    /// An optimizer behind a clip, the same for all parameters. The states are those that its operation names:
    /// `velocity` of [Op.Sgd], there with momentum; `m` and `v` of [Op.Adam]; `v`, if centered `m`, with momentum
    /// `velocity` of [Op.RmsProp]; `sum` of [Op.Adagrad].
    ///
    /// @throws IllegalArgumentException if the operation is no optimizer
    public static Update of(Parameters parameters, Op optimizer, Clip clip, Engine engine) {
        Treatment treatment = Treatment.by(optimizer);
        Map<String, Treatment> treatments = new LinkedHashMap<>();
        parameters.trainedSlots().keySet().forEach(name -> treatments.put(name, treatment));
        return of(parameters, treatments, clip, engine);
    }

    /// Optimizers behind a clip, by parameter. They may differ in their settings, but are of one kind with the same
    /// states.
    ///
    /// @param treatments one for each trained parameter by its name
    /// @throws IllegalArgumentException if a parameter has none, a name is of no parameter, an operation is no
    ///     optimizer, they have not the same states, or all parameters are frozen
    public static Update of(
            Parameters parameters, Map<String, Treatment> treatments, Clip clip, Engine engine) {
        return new Update(parameters, treatments, clip, engine);
    }

    private static List<Run> runs(Parameters parameters, Map<String, Treatment> treatments) {
        List<Run> runs = new ArrayList<>();
        List<Map.Entry<String, Parameters.Slot>> slots = List.copyOf(parameters.trainedSlots().entrySet());
        for (int i = 0; i < slots.size(); i++) {
            Parameters.Slot slot = slots.get(i).getValue();
            Treatment treatment = treatments.get(slots.get(i).getKey());
            if (treatment == null || treatments.size() != slots.size()) {
                throw new IllegalArgumentException("treatments: expected one for each of %s, got those of %s"
                        .formatted(parameters.trainedSlots().keySet(), treatments.keySet()));
            }
            long end = i + 1 < slots.size() ? slots.get(i + 1).getValue().offset() : parameters.trainedElements();
            if (runs.isEmpty() || !runs.getLast().treatment().equals(treatment)) {
                runs.add(new Run(slot.offset(), end, List.of(), treatment).with(slot, end));
            } else {
                runs.set(runs.size() - 1, runs.getLast().with(slot, end));
            }
        }
        return runs;
    }

    private static SequencedMap<String, Double> starts(List<Run> runs) {
        List<SequencedMap<String, Double>> all =
                runs.stream().map(run -> starts(run.treatment().optimizer().orElseThrow())).distinct().toList();
        if (all.size() > 1 || runs.stream().map(Update::isStepped).distinct().count() > 1) {
            throw new IllegalArgumentException("update: expected optimizers of one kind, got "
                    + runs.stream().map(run -> run.treatment().optimizer().orElseThrow()).distinct().toList());
        }
        return all.isEmpty() ? new LinkedHashMap<>() : all.getFirst();
    }

    private static boolean isStepped(Run run) {
        return run.treatment().optimizer().orElseThrow() instanceof Op.Adam;
    }

    private Optional<Penalties> penalties(Engine engine) {
        SequencedMap<String, Treatment> penalized = new LinkedHashMap<>();
        for (Run run : runs) {
            if (run.treatment().isPenalized()) {
                parameters.trainedSlots().forEach((name, slot) -> {
                    if (slot.offset() >= run.begin() && slot.offset() < run.end()) {
                        penalized.put(name, run.treatment());
                    }
                });
            }
        }
        return penalized.isEmpty() ? Optional.empty() : Optional.of(new Penalties(parameters, penalized, engine));
    }

    /// For each run what clips its gradients, where something does, and its optimizer.
    private Graph rules(Set<String> states, Clip clip) {
        Graph.Builder builder = Graph.builder();
        SequencedMap<String, Value> scalars = new LinkedHashMap<>();
        scalars.put("scale", builder.input("scale", DataType.FLOAT32, Shape.scalar()));
        if (runs.stream().anyMatch(Update::isStepped)) {
            scalars.put("step", builder.input("step", DataType.INT64, Shape.scalar()));
        }
        Map<Double, Value> rates = new LinkedHashMap<>();
        for (Run run : runs) {
            String number = " " + run.begin();
            double factor = run.treatment().rate();
            SequencedMap<String, Value> inputs = new LinkedHashMap<>(scalars);
            inputs.put(
                    "rate",
                    rates.computeIfAbsent(
                            factor, _ -> builder.input("rate " + factor, DataType.FLOAT32, Shape.scalar())));
            Shape shape = shape(run.end() - run.begin());
            Stream.concat(Stream.of("parameters", "gradients"), states.stream())
                    .forEach(role -> inputs.put(role, builder.input(role + number, DataType.FLOAT32, shape)));
            clipping(clip, run).ifPresent(op -> builder.add(
                    "clip" + number, op, new LinkedHashMap<>(Map.of("gradients", inputs.get("gradients")))));
            builder.add("update" + number, run.treatment().optimizer().orElseThrow(), inputs);
        }
        return builder.build();
    }

    private static Shape shape(long elements) {
        return Shape.of(Math.toIntExact(elements));
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
    private static Optional<Op> clipping(Clip clip, Run run) {
        return switch (clip.kind()) {
            case NONE, GLOBAL_NORM -> Optional.empty();
            case NORM -> Optional.of(new Op.ClipNorms((float) clip.max(), run.tensors()));
            case VALUE -> Optional.of(new Op.ClipValues((float) clip.max()));
        };
    }

    /// The optimizer's states by name, for checkpoints; [Parameters#views] shows them by parameter. Those of frozen
    /// parameters stay as they begin.
    public SequencedMap<String, MemorySegment> states() {
        return states;
    }

    /// What the penalties of the parameters as they are come to; 0 where there are none.
    public double penalty() {
        return penalties.isPresent() ? penalties.get().penalty() : 0;
    }

    /// Measures the gradients' global norm, with those of the penalties.
    ///
    /// @param flat the gradients without those of penalties, laid out as the trained parameters: [Plan#gradients] for
    ///     instance; those of parameters that a treatment freezes become zeros
    public double norm(MemorySegment flat) {
        if (zeroed != flat) {
            frozenGradients =
                    frozen.stream().map(run -> run.slice(flat, parameters.type())).toList();
            zeroed = flat;
        }
        for (int i = 0; i < frozenGradients.size(); i++) {
            frozenGradients.get(i).fill((byte) 0);
        }
        norm.bind(normOf, penalties.isPresent() ? penalties.get().add(flat) : flat);
        norm.run(1, 1);
        return norm.scalar(normResult);
    }

    /// Changes the parameters by the gradients whose norm was measured last, and counts the change.
    ///
    /// @param flat the gradients, as given to [#norm]; changed where they are clipped by value or each by its norm
    /// @param rate the learning rate
    /// @param step the number of this update, from 1
    public void apply(MemorySegment flat, double rate, long step) {
        MemorySegment all = penalties.isPresent() ? penalties.get().sum() : flat;
        if (bound != all) {
            for (Run run : runs) {
                rule.bind(rule.graph().value("gradients " + run.begin()), run.slice(all, parameters.type()));
            }
            bound = all;
        }
        for (int i = 0; i < rateCells.size(); i++) {
            rateCells.get(i).set(rate, parameters.type());
        }
        if (stepCell.byteSize() > 0) {
            stepCell.set(ValueLayout.JAVA_LONG, 0, step);
        }
        rule.run(1, 1);
        parameters.changed();
    }

    /// Frees the states. Closing again does nothing.
    @Override
    public void close() {
        rule.close();
        norm.close();
        penalties.ifPresent(Penalties::close);
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
