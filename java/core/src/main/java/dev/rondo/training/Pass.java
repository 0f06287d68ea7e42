package dev.rondo.training;

import dev.rondo.data.Batch;
import dev.rondo.data.Dataset;
import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Node;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Value;
import dev.rondo.layers.Network;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.zip.CRC32C;

/// A model, its losses and a data set brought together: runs batch after batch, and adds up what comes out. Forward alone,
/// or with the gradients of all trained parameters.
final class Pass implements AutoCloseable {
    private static final long LARGEST_BUFFER = 1 << 30;

    private final Dataset.Reader reader;
    private final List<Part> inputs;
    private final List<Part> targets;
    private final List<Value> outputs = new ArrayList<>();
    /// The lengths of each output that is observed, where a layer has found them.
    private final List<Optional<Value>> found = new ArrayList<>();
    private final SequencedMap<Integer, Value> lengths;
    private final Optional<Value> step;
    private final List<LossNode> losses;
    private final List<Optional<Weigher>> weighers;
    private final Value total;
    private final Optional<Gradients> differentiated;
    private final Parameters parameters;
    private final Plan plan;
    private final Batch batch;
    private final Arena arena = Arena.ofShared();

    private Tally tally;

    /// What is fixed for a model.
    ///
    /// @param losses with the names of outputs
    record Setting(Network network, Parameters parameters, List<Objective> losses, Engine engine) {}

    /// A part of a batch: where it lies, and what it may hold.
    ///
    /// @param time which symbol of time it has, -1 for none
    private record Part(Value value, MemorySegment memory, int time, PartCheck check) {}

    /// Begins to read.
    ///
    /// @param observed the outputs that [#predictions] are wanted of
    static Pass of(
            Setting setting, Scope.Purpose purpose, Dataset data, Dataset.Request request, Set<String> observed) {
        Dataset.Reader reader = data.open(request);
        try {
            return new Pass(setting, purpose, reader, request, observed);
        } catch (RuntimeException | Error e) {
            reader.close();
            throw e;
        }
    }

    private Pass(
            Setting setting,
            Scope.Purpose purpose,
            Dataset.Reader reader,
            Dataset.Request request,
            Set<String> observed) {
        this.reader = reader;
        Scope scope = setting.network().graph(new Scope.Variant(
                purpose,
                switch (reader.continuity()) {
                    case SEPARATE -> Scope.States.ZERO;
                    case CARRIED -> Scope.States.CARRIED;
                },
                switch (reader.lengths()) {
                    case FULL -> Scope.Lengths.FULL;
                    case OWN -> Scope.Lengths.OWN;
                }));
        Graph.Builder builder = scope.graph();
        step = scope.step();
        lengths = new LinkedHashMap<>(scope.lengths());
        List<Value> ys = new ArrayList<>();
        losses = new ArrayList<>();
        for (int i = 0; i < setting.losses().size(); i++) {
            Dataset.Part part = request.signature().targets().get(i);
            // No layer's name has a slash.
            String behind = setting.losses().size() == 1 ? "" : "/" + part.name();
            ys.add(builder.input("y" + behind, part.type(), part.shape()));
            losses.add(addLoss(scope, setting, i, "loss" + behind, ys.getLast()));
        }
        total = total(builder, setting.losses());
        builder.output("total", total);
        for (Objective objective : setting.losses()) {
            Value output = Objects.requireNonNull(scope.outputs().get(objective.output()), objective.output());
            outputs.add(output);
            boolean seen = observed.contains(objective.output());
            if (seen) {
                builder.output("output/" + objective.output(), output);
            }
            // Lengths that a layer has found; those of the data are among the inputs.
            Optional<Value> own = scope.lengths(output).filter(value -> seen && !lengths.containsValue(value));
            own.ifPresent(value -> builder.output("lengths/" + objective.output(), value));
            found.add(own);
        }
        Graph graph = builder.build();
        parameters = setting.parameters();
        differentiated = purpose == Scope.Purpose.TRAINING
                ? Optional.of(Gradients.of(graph, total, graph.trained(total)))
                : Optional.empty();
        plan = differentiated
                .map(gradients -> Plan.training(gradients, parameters, setting.engine(), reader.largest()))
                .orElseGet(() -> Plan.inference(graph, parameters, setting.engine(), reader.largest()));
        inputs = new ArrayList<>();
        for (Dataset.Part part : request.signature().inputs()) {
            Value x = Objects.requireNonNull(scope.inputs().get(part.name()), part.name());
            inputs.add(part(part, x, PartCheck.below(vocabulary(graph, x))));
        }
        targets = new ArrayList<>();
        for (int i = 0; i < ys.size(); i++) {
            targets.add(part(
                    request.signature().targets().get(i),
                    ys.get(i),
                    PartCheck.of(setting.losses().get(i).loss(), outputs.get(i).shape())));
        }
        batch = new Batch(
                memory(inputs), memory(targets), lengthMemory(request.signature().times()), weightMemory(request));
        weighers = weighers(setting, ys);
        tally = Tally.none(losses.size());
    }

    private LossNode addLoss(Scope scope, Setting setting, int index, String name, Value y) {
        Objective objective = setting.losses().get(index);
        Optional<Value> targetLengths = Optional.empty();
        if (objective.loss() instanceof Loss.Ctc) {
            int time = y.shape().dim(1);
            Value own = scope.graph().input("lengths:" + (Shape.TIME - time), DataType.INT32, Shape.of(Shape.BATCH));
            lengths.put(time, own);
            targetLengths = Optional.of(own);
        }
        LossNode.Terms terms = new LossNode.Terms(name, objective, y, targetLengths, reader.weights(index));
        return LossNode.add(scope, setting.network(), terms);
    }

    private List<Optional<Weigher>> weighers(Setting setting, List<Value> ys) {
        List<Optional<Weigher>> all = new ArrayList<>();
        for (int i = 0; i < losses.size(); i++) {
            int target = i;
            Objective objective = setting.losses().get(i);
            all.add(losses.get(i).weighing().map(weighing -> new Weigher(
                    plan,
                    weighing,
                    objective,
                    reader.weights(target),
                    target,
                    ys.get(target),
                    outputs.get(target),
                    setting.parameters().type())));
        }
        return all;
    }

    /// Room for the weights of the largest batch.
    private List<MemorySegment> weightMemory(Dataset.Request request) {
        List<MemorySegment> all = new ArrayList<>();
        for (int i = 0; i < targets.size(); i++) {
            Dataset.Part part = request.signature().targets().get(i);
            int steps = switch (reader.weights(i)) {
                case EQUAL -> 0;
                case SEQUENCES -> 1;
                case STEPS -> reader.largest().time(part.time());
            };
            all.add(steps == 0
                    ? MemorySegment.NULL
                    : arena.allocate((long) steps * reader.largest().batch() * Float.BYTES, Tensor.ALIGNMENT));
        }
        return all;
    }

    /// The sum of all losses, each times its weight.
    private Value total(Graph.Builder builder, List<Objective> objectives) {
        Optional<Value> sum = Optional.empty();
        for (int i = 0; i < losses.size(); i++) {
            Value loss = losses.get(i).loss();
            double weight = objectives.get(i).weight();
            Value weighed = weight == 1
                    ? loss
                    : builder.binary(loss.name() + ".weighed", BinaryKind.MULTIPLY, loss, builder.constant(weight));
            sum = Optional.of(sum.isEmpty()
                    ? weighed
                    : builder.binary(loss.name() + ".total", BinaryKind.ADD, sum.get(), weighed));
        }
        return sum.orElseThrow();
    }

    private Part part(Dataset.Part part, Value value, PartCheck check) {
        return new Part(value, plan.memory(value), part.isTimed() ? part.time() : -1, check);
    }

    private static List<MemorySegment> memory(List<Part> parts) {
        return parts.stream().map(Part::memory).toList();
    }

    private List<MemorySegment> lengthMemory(int times) {
        List<MemorySegment> all = new ArrayList<>();
        for (int k = 0; k < times; k++) {
            all.add(Optional.ofNullable(lengths.get(Shape.time(k))).map(plan::memory).orElse(MemorySegment.NULL));
        }
        return all;
    }

    /// How many ids there are, of the smallest table that they are looked up in; 0 where the input is no ids.
    private static int vocabulary(Graph graph, Value x) {
        int smallest = 0;
        for (Node node : graph.nodes()) {
            if (node.op() instanceof Op.Gather && node.input("ids").equals(x)) {
                int rows = node.input("table").shape().dim(0);
                smallest = smallest == 0 ? rows : Math.min(smallest, rows);
            }
        }
        return smallest;
    }

    /// Number of batches in an epoch.
    int batches() {
        return reader.batches();
    }

    /// Begins an epoch: its order, states of zero, sums of zero.
    void begin(int epoch) {
        reader.begin(epoch);
        plan.clearCarried();
        tally = Tally.none(losses.size());
    }

    /// Reads a batch and runs it.
    ///
    /// @param index within the epoch, from 0
    /// @param number of the training step, from 1: what dropout goes by
    /// @throws IllegalArgumentException if an id, a class, a tag or the target of a binary cross-entropy is out of
    ///     range, labels of a sequence take more steps than it has, or all weights of a batch are zero: where a layer
    ///     finds which steps are real, after the run
    /// @throws NonFiniteException if the data hold NaN or infinity
    void run(int index, long number) {
        read(index);
        Extents extents = batch.extents();
        for (Part input : inputs) {
            check(index, input, extents);
        }
        for (Part target : targets) {
            check(index, target, extents);
        }
        for (Optional<Weigher> weigher : weighers) {
            if (weigher.isPresent()) {
                weigher.get().fill(index + 1, batch);
            }
        }
        if (step.isPresent()) {
            plan.memory(step.get()).set(ValueLayout.JAVA_LONG, 0, number);
        }
        plan.run(extents);
        for (int i = 0; i < losses.size(); i++) {
            if (weighers.get(i).isPresent()) {
                weighers.get(i).get().check(index + 1, losses.get(i).totals(plan));
            }
        }
    }

    private void read(int index) {
        reader.read(index, batch);
        for (int k = 0; k < batch.times(); k++) {
            MemorySegment own = batch.lengths(k);
            if (own.byteSize() > 0 && reader.lengths() == Dataset.Lengths.FULL) {
                for (int b = 0; b < batch.size(); b++) {
                    own.setAtIndex(ValueLayout.JAVA_INT, b, batch.timeSteps(k));
                }
            }
        }
        inputs.forEach(this::clearPadding);
        for (int i = 0; i < targets.size(); i++) {
            clearPadding(targets.get(i));
            if (reader.weights(i) == Dataset.Weights.STEPS) {
                clearPadding(targets.get(i).time(), Float.BYTES, batch.weights(i));
            }
        }
    }

    /// Zeros behind each sequence's end, so that nothing depends on what padding holds: an id out of range and a NaN are
    /// as good there as anything.
    private void clearPadding(Part part) {
        if (part.time() >= 0) {
            Shape shape = part.value().shape();
            long stepBytes = shape.slice(2, shape.rank()).elements() * part.value().type().bytes();
            clearPadding(part.time(), stepBytes, part.memory());
        }
    }

    private void clearPadding(int symbol, long stepBytes, MemorySegment memory) {
        MemorySegment own = batch.lengths(symbol);
        long time = batch.timeSteps(symbol);
        for (int b = 0; own.byteSize() > 0 && b < batch.size(); b++) {
            int length = own.getAtIndex(ValueLayout.JAVA_INT, b);
            for (long at = (b * time + length) * stepBytes; at < (b + 1) * time * stepBytes; at += Integer.BYTES) {
                memory.set(ValueLayout.JAVA_INT, at, 0);
            }
        }
    }

    private void check(int index, Part part, Extents extents) {
        Value value = part.value();
        long at = value.type() == DataType.FLOAT32
                ? Numbers.firstNonFinite(part.memory(), value.shape().elements(extents))
                : -1;
        if (at >= 0) {
            throw new NonFiniteException(index + 1, value.name(), detail(value, part.memory(), at, extents));
        }
        part.check().check(index + 1, value, part.memory(), batch);
    }

    private String detail(Value value, MemorySegment memory, long at, Extents extents) {
        if (value.shape().rank() == 0) {
            return "expected a finite number, got " + memory.getAtIndex(ValueLayout.JAVA_FLOAT, at);
        }
        return "expected finite numbers, got %s at %s of %s"
                .formatted(
                        memory.getAtIndex(ValueLayout.JAVA_FLOAT, at),
                        Numbers.place(at, value.shape().resolve(extents)),
                        value.shape());
    }

    /// Adds the last batch to the sums.
    void count() {
        tally = tally.plus(batchTally());
    }

    /// The loss of the last batch: of several their sum, each times its weight.
    double loss() {
        return plan.scalar(total);
    }

    /// The last batch alone.
    Tally batchTally() {
        List<Metric.Totals> totals = new ArrayList<>();
        for (int i = 0; i < losses.size(); i++) {
            totals.add(losses.get(i).totals(plan));
        }
        return new Tally(totals);
    }

    /// The sums since the epoch began.
    Tally tally() {
        return tally;
    }

    /// What the model gave for the last batch, beside the targets, as copies.
    ///
    /// @param index of the loss, whose output is observed
    Predictions predictions(int index) {
        Part target = targets.get(index);
        Value output = outputs.get(index);
        int time = output.shape().rank() > 2 ? output.shape().dim(1) : 0;
        Extents extents = plan.graph().complete(batch.extents());
        int[] lengths = new int[batch.size()];
        Arrays.fill(lengths, time == 0 ? 1 : extents.number(time));
        copyLengths(time, lengths);
        int[] targetLengths = new int[batch.size()];
        Shape given = target.value().shape();
        boolean steps = given.rank() > 2 || given.rank() == 2 && target.value().type() == DataType.INT32;
        Arrays.fill(targetLengths, steps ? extents.number(given.dim(1)) : 1);
        copyLengths(steps ? given.dim(1) : 0, targetLengths);
        if (found.get(index).isPresent()) {
            Tensor counts = plan.tensor(found.get(index).get(), extents);
            for (int b = 0; b < lengths.length; b++) {
                lengths[b] = (int) counts.get(b);
                targetLengths[b] = steps && given.dim(1) == time ? lengths[b] : targetLengths[b];
            }
        }
        return new Predictions(
                copy(plan.tensor(output, extents)),
                copy(plan.tensor(target.value(), extents)),
                lengths,
                targetLengths);
    }

    private static Tensor copy(Tensor tensor) {
        Tensor copy = Tensor.zeros(tensor.type(), tensor.shape().dims());
        copy.copyFrom(tensor);
        return copy;
    }

    private void copyLengths(int time, int[] into) {
        int k = Shape.TIME - time;
        if (Shape.isTime(time) && k < batch.times() && batch.lengths(k).byteSize() > 0) {
            MemorySegment.copy(batch.lengths(k), ValueLayout.JAVA_INT, 0, into, 0, into.length);
        }
    }

    /// A number that tells the contents of the last batch that was read from others.
    long fingerprint() {
        CRC32C sum = new CRC32C();
        inputs.forEach(part -> add(sum, part.value(), part.memory()));
        targets.forEach(part -> add(sum, part.value(), part.memory()));
        lengths.values().forEach(own -> add(sum, own, plan.memory(own)));
        for (int i = 0; i < targets.size(); i++) {
            long steps = switch (reader.weights(i)) {
                case EQUAL -> 0;
                case SEQUENCES -> 1;
                case STEPS -> batch.timeSteps(targets.get(i).time());
            };
            add(sum, batch.weights(i), steps * batch.size() * Float.BYTES);
        }
        return sum.getValue();
    }

    private void add(CRC32C sum, Value value, MemorySegment memory) {
        add(sum, memory, value.shape().elements(batch.extents()) * value.type().bytes());
    }

    private static void add(CRC32C sum, MemorySegment memory, long bytes) {
        for (long at = 0; at < bytes; at += LARGEST_BUFFER) {
            sum.update(memory.asSlice(at, Math.min(LARGEST_BUFFER, bytes - at)).asByteBuffer());
        }
    }

    /// The same of a batch that was trained on before.
    ///
    /// @param epoch from 1
    /// @param index within the epoch, from 0
    long fingerprint(int epoch, int index) {
        reader.begin(epoch);
        read(index);
        return fingerprint();
    }

    /// The states that go on from batch to batch, by name, as they are now; `[B,H]` of the largest batch.
    SequencedMap<String, Tensor> carried() {
        SequencedMap<String, Tensor> states = new LinkedHashMap<>();
        plan.graph()
                .carried()
                .keySet()
                .forEach(state -> states.put(
                        state.name(), plan.tensor(state, plan.capacity())));
        return states;
    }

    /// Goes on with sums of before.
    void sums(Tally sums) {
        tally = sums;
    }

    /// Whether what frozen parameters would take holds neither NaN nor infinity.
    boolean renewsFinitely() {
        for (Value value : plan.graph().renewed().values()) {
            if (Numbers.firstNonFinite(plan.memory(value), value.shape().elements()) >= 0) {
                return false;
            }
        }
        return true;
    }

    /// Has frozen parameters take what the last batch made for them.
    void renew() {
        plan.renew();
    }

    /// The graph that is trained, and what the last batch was run on; valid until the next batch. Carried states, which
    /// the run has changed, are as they begin.
    ///
    /// @throws IllegalStateException if the pass does not train
    GradientCheck.Case lastCase() {
        Gradients gradients = differentiated.orElseThrow(() -> new IllegalStateException("Pass does not train"));
        Extents extents = batch.extents();
        Graph graph = gradients.graph();
        Map<Value, Tensor> inputs = new HashMap<>();
        for (Value input : graph.inputs()) {
            if (plan.keeps(input) && !graph.carried().containsKey(input)) {
                inputs.put(input, plan.tensor(input, extents));
            }
        }
        return new GradientCheck.Case(gradients, total, parameters, inputs, extents);
    }

    /// The gradients of the last batch.
    MemorySegment gradients() {
        return plan.gradients();
    }

    /// Finds the first tensor of the last batch that holds NaN or infinity, in the order in which they were made: a
    /// parameter, what a node made of it, a gradient.
    ///
    /// @param index of the batch within the epoch, from 0
    NonFiniteException nonFinite(int index) {
        Extents extents = plan.graph().complete(batch.extents());
        for (Value value : plan.graph().values()) {
            if (value.type() == DataType.FLOAT32 && plan.keeps(value)) {
                MemorySegment memory = plan.memory(value);
                long at = Numbers.firstNonFinite(memory, value.shape().elements(extents));
                if (at >= 0) {
                    return new NonFiniteException(index + 1, value.name(), detail(value, memory, at, extents));
                }
            }
        }
        return new NonFiniteException(
                index + 1, "gradients", "expected a finite norm of all gradients, got a sum of squares beyond float32");
    }

    @Override
    public void close() {
        plan.close();
        arena.close();
        reader.close();
    }
}
