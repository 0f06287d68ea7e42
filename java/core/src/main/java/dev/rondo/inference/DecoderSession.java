package dev.rondo.inference;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Value;
import dev.rondo.kernels.CallGate;
import dev.rondo.kernels.SoleGate;
import dev.rondo.layers.NetworkSplit;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;

/// The decoder of an encoder-decoder model, stepped for several hypotheses of one source at once: what does not depend
/// on the ids that are written runs once, at [#encode], and the rest a step at a time, with its states here. Steps
/// give, bit for bit, what the model gives for the whole sequences.
///
/// ```java
/// try (DecoderSession decoder = session.decoder("target", "logits", 5)) {
///     decoder.encode(Map.of("source", Tensor.of(ids, 1, ids.length)));
///     List<Hypothesis> best = BeamSearch.width(5).search(BeamStep.of(decoder), new BeamSearch.Ids(1200, start, end));
/// }
/// ```
///
/// For one thread at a time; a second one gets an [IllegalStateException]. Close it when it is no longer needed, before
/// or after its session; later calls throw an [IllegalStateException].
public final class DecoderSession implements AutoCloseable {
    private final CallGate session;
    private final int rows;
    private final Scope encoder;
    private final Scope decoder;
    private final Value target;
    private final Value logits;

    /// Lengths that the encoder's layers have found, by the name of what it gives.
    private final Map<String, Value> found = new LinkedHashMap<>();
    private final Plan encoding;
    private final Plan decoding;
    private final SoleGate gate = new SoleGate("DecoderSession");
    private Optional<Extents> extents = Optional.empty();

    /// @param target the decoder's input that is stepped
    DecoderSession(
            NetworkSplit split, String target, Parameters parameters, Engine engine, CallGate session, int rows) {
        this.session = session;
        this.rows = rows;
        encoder = split.encoder().graph(
                new Scope.Variant(Scope.Purpose.INFERENCE, Scope.States.ZERO, Scope.Lengths.FULL));
        decoder = split.decoder().graph(
                new Scope.Variant(Scope.Purpose.INFERENCE, Scope.States.CARRIED, Scope.Lengths.OWN));
        this.target = Objects.requireNonNull(decoder.inputs().get(target));
        logits = decoder.y();
        Shape shape = logits.shape();
        if (shape.rank() != 3 || shape.dim(1) != Shape.TIME || shape.dim(2) < 1) {
            throw new IllegalArgumentException("decoder: %s: expected logits [B,T,vocabulary] of steps of %s, got %s"
                    .formatted(decoder.outputs().firstEntry().getKey(), target, shape));
        }
        Graph.Builder encoderGraph = encoder.graph();
        encoder.outputs().forEach((name, value) -> {
            encoderGraph.output(name, value);
            encoder.lengths(value).ifPresent(lengths -> {
                found.put(name, lengths);
                encoderGraph.output("lengths of " + name, lengths);
            });
        });
        decoder.graph().output("logits", logits);
        encoding = Plan.inference(encoderGraph.build(), parameters, engine, extents(encoder, 1));
        try {
            decoding = Plan.inference(decoder.graph().build(), parameters, engine, extents(decoder, rows));
        } catch (RuntimeException | Error e) {
            encoding.close();
            throw e;
        }
    }

    private static Extents extents(Scope scope, int batch) {
        return Extents.of(batch, times(scope));
    }

    /// Ones, for each symbol of time.
    private static int[] times(Scope scope) {
        int most = 1;
        for (Value input : scope.inputs().values()) {
            if (isTimed(input.shape())) {
                most = Math.max(most, Shape.TIME - input.shape().dim(1) + 1);
            }
        }
        int[] times = new int[most];
        Arrays.fill(times, 1);
        return times;
    }

    private static boolean isTimed(Shape shape) {
        return shape.rank() > 1 && Shape.isTime(shape.dim(1));
    }

    /// How many hypotheses are stepped together.
    public int rows() {
        return rows;
    }

    /// How many logits a step gives for each hypothesis.
    public int vocabulary() {
        return logits.shape().dim(2);
    }

    /// Runs the encoder for a source. All hypotheses then begin anew, with this source.
    ///
    /// @param inputs all of the model's but the one that is stepped, by name, each of one example: `[1,T]`, `[1,T,F]`
    ///     or `[1,F]`
    /// @throws IllegalArgumentException if one is missing, there is no such input, it is of another type or shape, or
    ///     an id is outside the vocabulary; there is then no source
    /// @throws IllegalStateException if this or its session is closed, or another thread is in a call
    public void encode(Map<String, Tensor> inputs) {
        enter();
        try {
            extents = Optional.empty();
            if (!inputs.keySet().equals(encoder.inputs().keySet())) {
                throw new IllegalArgumentException("inputs: expected %s, got %s"
                        .formatted(encoder.inputs().keySet(), inputs.keySet()));
            }
            Extents source = source(inputs);
            encoding.reserve(source);
            encoder.inputs().forEach((name, value) ->
                    encoding.tensor(value, source).copyFrom(Objects.requireNonNull(inputs.get(name))));
            encoding.run(source);
            extents = Optional.of(give(source));
            decoding.clearCarried();
        } finally {
            exit();
        }
    }

    private Extents source(Map<String, Tensor> inputs) {
        int[] times = times(encoder);
        int[] known = new int[times.length];
        encoder.inputs().forEach((name, value) -> {
            Tensor tensor = Objects.requireNonNull(inputs.get(name));
            Shape shape = value.shape();
            if (tensor.shape().rank() == shape.rank() && isTimed(shape) && tensor.shape().dim(1) > 0) {
                int time = Shape.TIME - shape.dim(1);
                known[time] = known[time] == 0 ? tensor.shape().dim(1) : known[time];
                times[time] = known[time];
            }
            Shape expected = shape.resolve(Extents.of(1, times));
            if (tensor.type() != value.type() || !tensor.shape().equals(expected)) {
                throw new IllegalArgumentException("%s: expected %s %s of one example, %s here, got %s %s"
                        .formatted(name, value.type(), shape, expected, tensor.type(), tensor.shape()));
            }
        });
        return Extents.of(1, times);
    }

    /// Gives each row of the decoder what the encoder has made.
    private Extents give(Extents source) {
        int[] times = times(decoder);
        SequencedMap<Integer, Integer> lengths = new LinkedHashMap<>();
        lengths.put(Shape.TIME, 1);
        encoder.outputs().forEach((name, value) -> {
            Shape shape = Objects.requireNonNull(decoder.inputs().get(name)).shape();
            if (isTimed(shape)) {
                int steps = value.shape().resolve(encoding.graph().complete(source)).dim(1);
                times[Shape.TIME - shape.dim(1)] = steps;
                Value own = found.get(name);
                lengths.put(shape.dim(1), own == null ? steps : (int) encoding.tensor(own, source).get(0));
            }
        });
        Extents all = Extents.of(rows, times);
        decoding.reserve(all);
        encoder.outputs().forEach((name, value) -> {
            Tensor from = encoding.tensor(value, source);
            Tensor to = decoding.tensor(Objects.requireNonNull(decoder.inputs().get(name)), all);
            long bytes = from.segment().byteSize();
            for (int row = 0; row < rows; row++) {
                MemorySegment.copy(from.segment(), 0, to.segment(), row * bytes, bytes);
            }
        });
        decoder.lengths().forEach((time, value) -> {
            Tensor to = decoding.tensor(value, all);
            for (int row = 0; row < rows; row++) {
                to.set(row, Objects.requireNonNull(lengths.get(time)));
            }
        });
        return all;
    }

    /// Takes the next step of every hypothesis.
    ///
    /// @param parents for each row the row of the step before from whose state it goes on, each in 0..rows-1: itself in
    ///     the first step
    /// @param ids for each row what is stepped by
    /// @param to written, `[rows,vocabulary]`
    /// @throws IllegalArgumentException if an array has another length, a parent is out of range, or an id is outside
    ///     the vocabulary; the states are then unspecified
    /// @throws IllegalStateException if there is no source yet, this or its session is closed, or another thread is in
    ///     a call
    public void step(int[] parents, int[] ids, float[] to) {
        if (parents.length != rows || ids.length != rows || to.length != rows * vocabulary()) {
            throw new IllegalArgumentException(
                    "decoder: expected %d parents, %d ids and %d logits, got %d, %d and %d".formatted(
                            rows, rows, rows * vocabulary(), parents.length, ids.length, to.length));
        }
        for (int row = 0; row < rows; row++) {
            if (parents[row] < 0 || parents[row] >= rows) {
                throw new IllegalArgumentException(
                        "parents[%d]: expected 0 to %d, got %d".formatted(row, rows - 1, parents[row]));
            }
        }
        enter();
        try {
            Extents all = extents.orElseThrow(
                    () -> new IllegalStateException("DecoderSession has no source: call encode first"));
            decoding.reorderCarried(parents);
            MemorySegment.copy(ids, 0, decoding.memory(target), ValueLayout.JAVA_INT, 0, rows);
            decoding.run(all);
            MemorySegment.copy(decoding.memory(logits), ValueLayout.JAVA_FLOAT, 0, to, 0, to.length);
        } finally {
            exit();
        }
    }

    private void enter() {
        gate.enter();
        try {
            session.enter();
        } catch (IllegalStateException e) {
            gate.exit();
            throw e;
        }
    }

    private void exit() {
        session.exit();
        gate.exit();
    }

    /// Waits for a call in flight and frees the memory. Closing again does nothing.
    @Override
    public void close() {
        if (gate.close()) {
            encoding.close();
            decoding.close();
        }
    }
}
