package dev.rondo.training;

import dev.rondo.data.Batch;
import dev.rondo.data.Dataset;
import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Node;
import dev.rondo.graph.Op;
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
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.zip.CRC32C;

/// A model, its loss and a data set brought together: runs batch after batch, and adds up what comes out. Forward alone,
/// or with the gradients of all trained parameters.
final class Pass implements AutoCloseable {
    private static final long LARGEST_BUFFER = 1 << 30;

    private final Dataset.Reader reader;
    private final Value x;
    private final Value y;
    private final Optional<Value> lengths;
    private final Optional<Value> step;
    private final int vocabulary;
    private final int classes;
    private final boolean binary;
    private final LossNode loss;
    private final Plan plan;
    private final Batch batch;

    private Metric.Totals totals = Metric.Totals.NONE;

    /// What is fixed for a model.
    record Setting(Network network, Parameters parameters, Loss loss, Engine engine) {}

    Pass(Setting setting, Scope.Purpose purpose, Dataset data, Dataset.Request request) {
        reader = data.open(request);
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
        x = scope.x();
        lengths = scope.lengths().values().stream().findFirst();
        step = scope.step();
        y = builder.input("y", request.signature().yType(), request.signature().y());
        loss = LossNode.add(scope, setting.loss(), y);
        binary = setting.loss() instanceof Loss.BinaryCrossEntropy;
        Graph graph = builder.build();
        vocabulary = vocabulary(graph, x);
        classes = scope.y().shape().dim(-1);
        Extents largest = Extents.of(reader.largestBatch(), reader.largestTime());
        plan = switch (purpose) {
            case TRAINING ->
                Plan.training(
                        Gradients.of(graph, loss.loss(), graph.trained()),
                        setting.parameters(),
                        setting.engine(),
                        largest);
            case INFERENCE -> Plan.inference(graph, setting.parameters(), setting.engine(), largest);
        };
        batch = new Batch(
                plan.memory(x), plan.memory(y), lengths.map(plan::memory).orElse(MemorySegment.NULL));
    }

    /// How many ids there are; 0 where the input is no ids.
    private static int vocabulary(Graph graph, Value x) {
        for (Node node : graph.nodes()) {
            if (node.op() instanceof Op.Gather && node.input("ids").equals(x)) {
                return node.input("table").shape().dim(0);
            }
        }
        return 0;
    }

    /// Number of batches in an epoch.
    int batches() {
        return reader.batches();
    }

    /// Begins an epoch: its order, states of zero, sums of zero.
    void begin(int epoch) {
        reader.begin(epoch);
        plan.clearCarried();
        totals = Metric.Totals.NONE;
    }

    /// Reads a batch and runs it.
    ///
    /// @param index within the epoch, from 0
    /// @param number of the training step, from 1: what dropout goes by
    /// @throws IllegalArgumentException if an id, a class or the target of a binary cross-entropy is out of range
    /// @throws NonFiniteException if the data hold NaN or infinity
    void run(int index, long number) {
        read(index);
        checkData(index, x, batch.x(), vocabulary);
        checkData(index, y, batch.y(), classes);
        if (binary) {
            checkProbabilities(index);
        }
        if (step.isPresent()) {
            plan.memory(step.get()).set(ValueLayout.JAVA_LONG, 0, number);
        }
        plan.run(batch.size(), batch.timeSteps());
    }

    private void read(int index) {
        reader.read(index, batch);
        if (lengths.isPresent()) {
            clearPadding();
        }
    }

    /// Zeros behind each sequence's end, so that nothing depends on what padding holds: an id out of range and a NaN are
    /// as good there as anything.
    private void clearPadding() {
        clearPadding(x, batch.x());
        if (y.shape().rank() > 1 && y.shape().dim(1) == Shape.TIME) {
            clearPadding(y, batch.y());
        }
    }

    private void clearPadding(Value value, MemorySegment memory) {
        int time = batch.timeSteps();
        long stepBytes = value.shape().slice(2, value.shape().rank()).elements() * value.type().bytes();
        for (int b = 0; b < batch.size(); b++) {
            int length = batch.lengths().getAtIndex(ValueLayout.JAVA_INT, b);
            for (long at = (b * (long) time + length) * stepBytes; at < (b + 1L) * time * stepBytes; at += Integer.BYTES) {
                memory.set(ValueLayout.JAVA_INT, at, 0);
            }
        }
    }

    /// @param limit of int32 numbers; 0 where any will do
    private void checkData(int index, Value value, MemorySegment memory, int limit) {
        long count = value.shape().elements(batch.size(), batch.timeSteps());
        if (value.type() == DataType.FLOAT32) {
            long at = Numbers.firstNonFinite(memory, count);
            if (at >= 0) {
                Extents extents = Extents.of(batch.size(), batch.timeSteps());
                throw new NonFiniteException(index + 1, value.name(), detail(value, memory, at, extents));
            }
        } else if (limit > 0) {
            long at = Numbers.firstOutside(memory, 0, count, limit);
            if (at >= 0) {
                throw new IllegalArgumentException("batch %d: %s%s: expected 0..%d, got %d"
                        .formatted(
                                index + 1,
                                value.name(),
                                Numbers.place(at, value.shape().resolve(batch.size(), batch.timeSteps())),
                                limit - 1,
                                memory.getAtIndex(ValueLayout.JAVA_INT, at)));
            }
        }
    }

    private void checkProbabilities(int index) {
        long at = Numbers.firstNoProbability(batch.y(), y.shape().elements(batch.size(), batch.timeSteps()));
        if (at >= 0) {
            throw new IllegalArgumentException("batch %d: %s%s: expected 0 to 1, got %s"
                    .formatted(
                            index + 1,
                            y.name(),
                            Numbers.place(at, y.shape().resolve(batch.size(), batch.timeSteps())),
                            batch.y().getAtIndex(ValueLayout.JAVA_FLOAT, at)));
        }
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
        totals = totals.plus(loss.totals(plan));
    }

    /// Mean loss of the last batch.
    double loss() {
        return plan.scalar(loss.loss());
    }

    /// The last batch alone.
    Metric.Totals batchTotals() {
        return loss.totals(plan);
    }

    /// The sums since the epoch began.
    Metric.Totals totals() {
        return totals;
    }

    /// A number that tells the contents of the last batch that was read from others.
    long fingerprint() {
        CRC32C sum = new CRC32C();
        add(sum, x, batch.x());
        add(sum, y, batch.y());
        if (lengths.isPresent()) {
            add(sum, lengths.get(), batch.lengths());
        }
        return sum.getValue();
    }

    private void add(CRC32C sum, Value value, MemorySegment memory) {
        long bytes = value.shape().elements(batch.size(), batch.timeSteps()) * value.type().bytes();
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
                        state.name(), plan.tensor(state, plan.capacity().batch(), plan.capacity().time())));
        return states;
    }

    /// Goes on with sums of before.
    void sums(Metric.Totals sums) {
        totals = sums;
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

    /// The gradients of the last batch.
    MemorySegment gradients() {
        return plan.gradients();
    }

    /// Finds the first tensor of the last batch that holds NaN or infinity, in the order in which they were made: a
    /// parameter, what a node made of it, a gradient.
    ///
    /// @param index of the batch within the epoch, from 0
    NonFiniteException nonFinite(int index) {
        Extents extents = plan.graph().complete(Extents.of(batch.size(), batch.timeSteps()));
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
        reader.close();
    }
}
