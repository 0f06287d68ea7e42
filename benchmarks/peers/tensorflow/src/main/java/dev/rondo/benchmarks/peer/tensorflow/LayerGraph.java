package dev.rondo.benchmarks.peer.tensorflow;

import dev.rondo.benchmarks.peer.Cell;
import dev.rondo.benchmarks.peer.Layout;
import dev.rondo.benchmarks.peer.Pass;
import dev.rondo.benchmarks.peer.Workload;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Gradients;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.nn.BlockLSTM;
import org.tensorflow.op.nn.BlockLSTMGrad;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/// The graph of a layer, `[T,B,I]` to `[T,B,H]`, and a session for it.
///
/// | Cell | Forward | Backward |
/// |---|---|---|
/// | LSTM, with peepholes or without | `BlockLSTMV2`, one operator for the sequence | `BlockLSTMGradV2` |
/// | GRU, reset before | `GRUBlockCell`, an operator a step; in training as the next | |
/// | GRU, RNN | the input's product for all steps, then plain operators, unrolled | the gradients of the graph |
///
/// x and the states, in training dy and the weights besides, are fed, since they are others in each call; the weights
/// of inference are constants. What is fetched bears the name of the result.
final class LayerGraph implements AutoCloseable {
    private final Workload.Layer layer;
    private final int time;
    private final Graph graph = new Graph();
    private final Ops tf = Ops.create(graph);
    private final Map<String, Placeholder<TFloat32>> placeholders = new LinkedHashMap<>();
    private final Map<String, Operand<TFloat32>> fetches = new LinkedHashMap<>();
    private final Map<String, TFloat32> fed = new LinkedHashMap<>();
    private final List<TFloat32> owned = new ArrayList<>();
    private final Session session;

    /// @param time of one call
    LayerGraph(Workload.Layer layer, int time) {
        this.layer = layer;
        this.time = time;
        switch (layer.cell()) {
            case LSTM, LSTM_PEEPHOLES -> buildLstm();
            case GRU_RESET_BEFORE -> {
                if (layer.pass() == Pass.TRAINING) {
                    buildUnrolled();
                } else {
                    buildBlockCells();
                }
            }
            case GRU_RESET_AFTER, RNN_TANH -> buildUnrolled();
        }
        session = new Session(graph, ConfigProto.newBuilder()
                .setIntraOpParallelismThreads(layer.threads())
                .setInterOpParallelismThreads(1)
                .build());
    }

    /// A tensor that is closed with the graph.
    TFloat32 tensor(float[] values, long... shape) {
        TFloat32 tensor = TFloat32.tensorOf(Shape.of(shape), DataBuffers.of(values));
        owned.add(tensor);
        return tensor;
    }

    static float[] floats(Tensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.shape().size())];
        tensor.asRawTensor().data().asFloats().read(values);
        return values;
    }

    /// Feeds a placeholder from now on. The tensor stays the caller's.
    void feed(String name, TFloat32 tensor) {
        fed.put(name, tensor);
    }

    /// One call. What it gives, in the order of [#fetched], is the caller's to close.
    Result run() {
        Session.Runner runner = session.runner();
        fed.forEach((name, tensor) -> runner.feed(placeholders.get(name), tensor));
        fetches.values().forEach(runner::fetch);
        return runner.run();
    }

    /// The names of what a call gives.
    List<String> fetched() {
        return List.copyOf(fetches.keySet());
    }

    @Override
    public void close() {
        session.close();
        graph.close();
        owned.forEach(TFloat32::close);
    }

    private Operand<TFloat32> placeholder(String name, long... shape) {
        Placeholder<TFloat32> placeholder = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(shape)));
        placeholders.put(name, placeholder);
        return placeholder;
    }

    private Operand<TFloat32> x() {
        return placeholder("x", time, layer.batch(), layer.input());
    }

    private Operand<TFloat32> state(String name) {
        return placeholder(name, layer.batch(), layer.hidden());
    }

    /// All outputs; of a step in the shape of a state, which they are.
    private void fetchOutput(Operand<TFloat32> y) {
        fetches.put("y", layer.pass() == Pass.STEP ? asState(y) : y);
    }

    private Operand<TFloat32> asState(Operand<TFloat32> output) {
        return tf.reshape(output, tf.constant(new int[] {layer.batch(), layer.hidden()}));
    }

    /// A parameter; of training a placeholder that is fed.
    private Operand<TFloat32> weight(String name, float[] values, long... shape) {
        if (layer.pass() != Pass.TRAINING) {
            return tf.constant(Shape.of(shape), DataBuffers.of(values));
        }
        feed(name, tensor(values, shape));
        return placeholder(name, shape);
    }

    /// The file `[G*H,I]` as `[I,G*H]`.
    private float[] transposed(String name) {
        int[] shape = layer.shape(name);
        return Layout.transpose(layer.floats(name), shape[0], shape[1]);
    }

    private void buildLstm() {
        int hidden = layer.hidden();
        boolean peepholes = layer.cell() == Cell.LSTM_PEEPHOLES;
        Operand<TFloat32> x = x();
        Operand<TFloat32> h0 = state("h");
        Operand<TFloat32> c0 = state("c");
        float[] both = Layout.concatenate(transposed("weightIh"), transposed("weightHh"));
        Operand<TFloat32> w = weight("w", both, layer.input() + hidden, 4L * hidden);
        Operand<TFloat32> b = weight("b", layer.floats("biasIh"), 4L * hidden);
        List<Operand<TFloat32>> p = new ArrayList<>();
        float[] peepholeWeights = peepholes ? layer.floats("peepholes") : new float[3 * hidden];
        for (int gate = 0; gate < 3; gate++) {
            float[] values = Arrays.copyOfRange(peepholeWeights, gate * hidden, (gate + 1) * hidden);
            p.add(weight("p" + gate, values, hidden));
        }
        Operand<TInt64> steps = tf.constant((long) time);
        BlockLSTM<TFloat32> out = tf.nn.blockLSTM(
                steps, x, c0, h0, w, p.get(0), p.get(1), p.get(2), b, BlockLSTM.usePeephole(peepholes));
        fetchOutput(out.h());
        if (layer.pass() == Pass.STEP) {
            fetches.put("c", asState(out.cs()));
        }
        if (layer.pass() == Pass.TRAINING) {
            Operand<TFloat32> dy = placeholder("dy", time, layer.batch(), hidden);
            BlockLSTMGrad<TFloat32> gradients = tf.nn.blockLSTMGrad(steps, x, c0, h0, w, p.get(0), p.get(1), p.get(2),
                    b, out.i(), out.cs(), out.f(), out.o(), out.ci(), out.co(), out.h(), tf.zerosLike(out.cs()), dy,
                    peepholes);
            fetches.put("dx", gradients.xGrad());
            fetches.put("dw", gradients.wGrad());
            fetches.put("dbiasIh", gradients.bGrad());
            if (peepholes) {
                fetches.put("dp0", gradients.wciGrad());
                fetches.put("dp1", gradients.wcfGrad());
                fetches.put("dp2", gradients.wcoGrad());
            }
        }
    }

    /// Rows of a file from those of one gate to those of another, as columns.
    private float[] gates(String name, int from, int to) {
        int columns = layer.shape(name)[1];
        int block = layer.hidden() * columns;
        float[] rows = Arrays.copyOfRange(layer.floats(name), from * block, to * block);
        return Layout.transpose(rows, (to - from) * layer.hidden(), columns);
    }

    private void buildBlockCells() {
        int hidden = layer.hidden();
        int both = layer.input() + hidden;
        float[] bias = layer.floats("biasIh");
        Operand<TFloat32> wRu = weight("wRu",
                Layout.concatenate(gates("weightIh", 0, 2), gates("weightHh", 0, 2)), both, 2L * hidden);
        Operand<TFloat32> wC = weight("wC",
                Layout.concatenate(gates("weightIh", 2, 3), gates("weightHh", 2, 3)), both, hidden);
        Operand<TFloat32> bRu = weight("bRu", Arrays.copyOf(bias, 2 * hidden), 2L * hidden);
        Operand<TFloat32> bC = weight("bC", Arrays.copyOfRange(bias, 2 * hidden, 3 * hidden), hidden);
        Operand<TFloat32> x = x();
        Operand<TFloat32> h = state("h");
        List<Operand<TFloat32>> outputs = new ArrayList<>();
        for (Operand<TFloat32> step : tf.unstack(x, (long) time)) {
            h = tf.nn.gRUBlockCell(step, h, wRu, wC, bRu, bC).h();
            outputs.add(h);
        }
        fetchOutput(tf.stack(outputs));
    }

    private void buildUnrolled() {
        int hidden = layer.hidden();
        int rows = layer.rows();
        int batch = layer.batch();
        Operand<TFloat32> x = x();
        Operand<TFloat32> h = state("h");
        Operand<TFloat32> weightIh = weight("weightIh", transposed("weightIh"), layer.input(), rows);
        Operand<TFloat32> weightHh = weight("weightHh", transposed("weightHh"), hidden, rows);
        Operand<TFloat32> bias = weight("biasIh", layer.floats("biasIh"), rows);
        List<Operand<TFloat32>> learned = new ArrayList<>(List.of(weightIh, weightHh, bias));
        Operand<TFloat32> flat = tf.reshape(x, tf.constant(new int[] {time * batch, layer.input()}));
        Operand<TFloat32> projected = tf.reshape(
                tf.nn.biasAdd(tf.linalg.matMul(flat, weightIh), bias), tf.constant(new int[] {time, batch, rows}));
        Step step = switch (layer.cell()) {
            case RNN_TANH -> (in, before) -> tf.math.tanh(tf.math.add(in, tf.linalg.matMul(before, weightHh)));
            case GRU_RESET_AFTER -> {
                Operand<TFloat32> biasHn = weight("biasHn", layer.floats("biasHn"), hidden);
                learned.add(biasHn);
                yield (in, before) -> resetAfter(in, before, weightHh, biasHn);
            }
            case GRU_RESET_BEFORE -> {
                Operand<TFloat32> gates = columns(weightHh, 0, 2);
                Operand<TFloat32> candidate = columns(weightHh, 2, 1);
                yield (in, before) -> resetBefore(in, before, gates, candidate);
            }
            case LSTM, LSTM_PEEPHOLES -> throw new IllegalStateException("the LSTM has an operator");
        };
        List<Operand<TFloat32>> outputs = new ArrayList<>();
        for (Operand<TFloat32> in : tf.unstack(projected, (long) time)) {
            h = step.apply(in, h);
            outputs.add(h);
        }
        Operand<TFloat32> y = tf.stack(outputs);
        fetchOutput(y);
        if (layer.pass() == Pass.TRAINING) {
            Operand<TFloat32> dy = placeholder("dy", time, batch, hidden);
            learned.addFirst(x);
            Gradients gradients = tf.gradients(List.of(y), learned, Gradients.dx(List.of(dy)));
            List<String> names = List.of("dx", "dweightIh", "dweightHh", "dbiasIh", "dbiasHn");
            for (int i = 0; i < learned.size(); i++) {
                fetches.put(names.get(i), gradients.<TFloat32>dy(i));
            }
        }
    }

    private interface Step {
        Operand<TFloat32> apply(Operand<TFloat32> in, Operand<TFloat32> before);
    }

    private Operand<TFloat32> resetAfter(
            Operand<TFloat32> in, Operand<TFloat32> before, Operand<TFloat32> weightHh, Operand<TFloat32> biasHn) {
        List<Operand<TFloat32>> a = split(in, 3);
        List<Operand<TFloat32>> u = split(tf.linalg.matMul(before, weightHh), 3);
        Operand<TFloat32> r = tf.math.sigmoid(tf.math.add(a.get(0), u.get(0)));
        Operand<TFloat32> z = tf.math.sigmoid(tf.math.add(a.get(1), u.get(1)));
        Operand<TFloat32> n = tf.math.tanh(
                tf.math.add(a.get(2), tf.math.mul(r, tf.nn.biasAdd(u.get(2), biasHn))));
        return tf.math.add(n, tf.math.mul(z, tf.math.sub(before, n)));
    }

    private Operand<TFloat32> resetBefore(
            Operand<TFloat32> in, Operand<TFloat32> before, Operand<TFloat32> gates, Operand<TFloat32> candidate) {
        List<Operand<TFloat32>> a = split(in, 3);
        List<Operand<TFloat32>> u = split(tf.linalg.matMul(before, gates), 2);
        Operand<TFloat32> r = tf.math.sigmoid(tf.math.add(a.get(0), u.get(0)));
        Operand<TFloat32> z = tf.math.sigmoid(tf.math.add(a.get(1), u.get(1)));
        Operand<TFloat32> n = tf.math.tanh(
                tf.math.add(a.get(2), tf.linalg.matMul(tf.math.mul(r, before), candidate)));
        return tf.math.add(n, tf.math.mul(z, tf.math.sub(before, n)));
    }

    private List<Operand<TFloat32>> split(Operand<TFloat32> gates, long parts) {
        return new ArrayList<>(tf.split(tf.constant(1), gates, parts).output());
    }

    private Operand<TFloat32> columns(Operand<TFloat32> weightHh, int gate, int gates) {
        int hidden = layer.hidden();
        return tf.slice(weightHh, tf.constant(new int[] {0, gate * hidden}),
                tf.constant(new int[] {hidden, gates * hidden}));
    }
}
