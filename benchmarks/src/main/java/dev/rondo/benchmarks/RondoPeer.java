package dev.rondo.benchmarks;

import dev.rondo.Sequential;
import dev.rondo.benchmarks.peer.Model;
import dev.rondo.benchmarks.peer.Peer;
import dev.rondo.benchmarks.peer.PeerServer;
import dev.rondo.benchmarks.peer.Run;
import dev.rondo.benchmarks.peer.Workload;
import dev.rondo.graph.CrossEntropyOutputs;
import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.inference.StreamingSession;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Network;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Scope;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.plan.Clip;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.plan.Update;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/// Rondo itself among its peers, by what is public.
///
/// Inference is `InferenceSession.run` and a step `StreamingSession.step`, of a model of layers, from and to native
/// memory of the caller: what a server would do. Training is a plan of the same layers' graph with their gradients, as
/// the loop behind `Model.fit` makes it: of a layer from a gradient of y that is given, of a network with the loss,
/// then the norm of all gradients, a look at whether it is finite, clipping and the optimizer. `fit` itself is not
/// timed: it cannot be stopped between two steps. A plan of training packs the weights in each run, since each may find
/// others.
///
/// Not timed: making plans, packing weights for inference. The kernels are those that the system property
/// `rondo.kernels` says, native ones unless it does; `RONDO_FORCE_ISA` says which. One pool of Rondo's own threads.
public final class RondoPeer implements Peer {
    private static final String LAYER = "layer";

    /// Serves the harness.
    public static void main(String[] arguments) {
        PeerServer.serve(new RondoPeer());
    }

    @Override
    public String name() {
        return "rondo";
    }

    @Override
    public String version() {
        return Objects.requireNonNullElse(RondoPeer.class.getPackage().getImplementationVersion(), "unpacked");
    }

    @Override
    public Run open(Workload workload) {
        return switch (workload.pass()) {
            case INFERENCE -> new Inference(workload);
            case STEP -> new Steps((Workload.Layer) workload);
            case TRAINING -> switch (workload) {
                case Workload.Layer layer -> new LayerTraining(layer);
                case Workload.Network network -> new NetworkTraining(network);
            };
        };
    }

    private static Engine.Options chosen(Engine.Options options, Workload workload) {
        Engine.Choice choice =
                System.getProperty("rondo.kernels") == null ? Engine.Choice.NATIVE : Engine.Choice.DEFAULT;
        return options.kernels(choice).threads(workload.threads());
    }

    private static List<Layer> layers(Workload workload) {
        return switch (workload) {
            case Workload.Layer layer -> List.of(Input.features(Shape.TIME, layer.input()), recurrent(layer));
            case Workload.Network network -> layers(network.model());
        };
    }

    private static Layer recurrent(Workload.Layer layer) {
        int units = layer.hidden();
        return switch (layer.cell()) {
            case LSTM -> Lstm.units(units).returnSequences().named(LAYER);
            case LSTM_PEEPHOLES -> Lstm.units(units).peepholes().returnSequences().named(LAYER);
            case GRU_RESET_AFTER -> Gru.units(units).returnSequences().named(LAYER);
            case GRU_RESET_BEFORE -> Gru.units(units).reset(Gru.Reset.BEFORE).returnSequences().named(LAYER);
            case RNN_TANH -> SimpleRnn.units(units).returnSequences().named(LAYER);
        };
    }

    private static List<Layer> layers(Model model) {
        List<Layer> layers = new ArrayList<>();
        if (model.classifies()) {
            layers.add(Input.ids(Shape.TIME));
            layers.add(Embedding.of(model.vocabulary(), model.input()).named("embedding"));
        } else {
            layers.add(Input.features(Shape.TIME, model.input()));
        }
        for (int i = 0; i < model.layers(); i++) {
            Lstm lstm = Lstm.units(model.hidden()).named("lstm" + i);
            boolean lastOutput = !model.classifies() && i == model.layers() - 1;
            layers.add(lastOutput ? lstm : lstm.returnSequences());
        }
        layers.add(Dense.units(model.outputs()).named("dense"));
        return layers;
    }

    /// The file that holds a parameter: `biasIh` of a layer's `layer/bias`, `lstm0.biasIh` of a network's `lstm0/bias`.
    private static String file(String parameter) {
        String[] path = parameter.split("/");
        String name = path[1].equals("bias") && !path[0].equals("dense") ? "biasIh" : path[1];
        return switch (path[0]) {
            case LAYER -> name;
            case "embedding" -> path[0];
            default -> path[0] + "." + name;
        };
    }

    private static Tensor tensor(Arena arena, DataType type, int... shape) {
        return Tensor.allocate(arena, type, Shape.of(shape));
    }

    private static Tensor floats(Arena arena, Workload workload, String name) {
        Tensor tensor = tensor(arena, DataType.FLOAT32, workload.shape(name));
        copy(workload.floats(name), tensor.segment());
        return tensor;
    }

    private static Tensor ints(Arena arena, Workload workload, String name) {
        Tensor tensor = tensor(arena, DataType.INT32, workload.shape(name));
        tensor.segment().copyFrom(MemorySegment.ofArray(workload.ints(name)));
        return tensor;
    }

    private static Tensor input(Arena arena, Workload workload) {
        return workload instanceof Workload.Network network && network.model().classifies()
                ? ints(arena, workload, "ids")
                : floats(arena, workload, "x");
    }

    private static void copy(float[] values, MemorySegment to) {
        MemorySegment.copy(values, 0, to, ValueLayout.JAVA_FLOAT, 0, values.length);
    }

    /// A model of the workload's layers with its parameters, made ready to serve.
    private static InferenceSession session(Workload workload) {
        try (Sequential model = Sequential.of(layers(workload).toArray(Layer[]::new))) {
            model.parameters().forEach((name, parameter) -> model.setParameter(
                    name, Tensor.of(workload.floats(file(name)), parameter.shape().dims())));
            return model.session(Serving.standard().engine(chosen(Engine.inference(), workload)).plans(1));
        }
    }

    private static final class Inference implements Run {
        private final Arena arena = Arena.ofShared();
        private final InferenceSession session;
        private final Tensor x;
        private final Tensor y;
        private final Runnable call;

        Inference(Workload workload) {
            session = session(workload);
            x = input(arena, workload);
            y = tensor(arena, DataType.FLOAT32, workload.shape("y"));
            if (workload instanceof Workload.Layer layer && layer.lengths()) {
                Tensor lengths = ints(arena, workload, "lengths");
                call = () -> session.run(x, lengths, y);
            } else {
                call = () -> session.run(x, y);
            }
        }

        @Override
        public void run() {
            call.run();
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("y", y.toFloats());
        }

        @Override
        public void close() {
            session.close();
            arena.close();
        }
    }

    private static final class Steps implements Run {
        private final Arena arena = Arena.ofShared();
        private final InferenceSession session;
        private final StreamingSession stream;
        private final Tensor y;
        private final Tensor[] inputs;
        private final Tensor[] outputs;
        private int step;

        Steps(Workload.Layer layer) {
            session = session(layer);
            stream = session.stream(1);
            y = tensor(arena, DataType.FLOAT32, layer.shape("y"));
            inputs = rows(floats(arena, layer, "x"));
            outputs = rows(y);
        }

        /// Views of the steps of one sequence.
        private static Tensor[] rows(Tensor sequence) {
            Shape row = Shape.of(1, 1, sequence.shape().dim(2));
            long bytes = row.elements() * Float.BYTES;
            Tensor[] rows = new Tensor[sequence.shape().dim(1)];
            Arrays.setAll(rows, t -> Tensor.wrap(
                    sequence.segment().asSlice(t * bytes, bytes), DataType.FLOAT32, row));
            return rows;
        }

        @Override
        public void run() {
            stream.step(inputs[step], outputs[step]);
            step = step + 1 == inputs.length ? 0 : step + 1;
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("y", y.toFloats());
        }

        @Override
        public void close() {
            stream.close();
            session.close();
            arena.close();
        }
    }

    /// A plan of the workload's layers with gradients, its parameters and memory.
    private static final class Learning implements AutoCloseable {
        final Engine engine;
        final Parameters parameters;
        final Plan plan;
        final Gradients gradients;
        final Scope scope;

        /// @param gradientsOf adds to the graph what training needs
        Learning(Workload workload, Function<Scope, Gradients> gradientsOf) {
            boolean ownLengths = workload instanceof Workload.Layer layer && layer.lengths();
            scope = Network.chain(0, layers(workload)).graph(new Scope.Variant(
                    Scope.Purpose.TRAINING, Scope.States.ZERO, ownLengths ? Scope.Lengths.OWN : Scope.Lengths.FULL));
            gradients = gradientsOf.apply(scope);
            parameters = Parameters.of(scope.graph().build());
            parameters.tensors().forEach((name, tensor) -> copy(workload.floats(file(name)), tensor.segment()));
            parameters.changed();
            engine = chosen(Engine.training(), workload).engine();
            plan = Plan.training(gradients, parameters, engine, Extents.of(workload.batch(), workload.time()));
            scope.lengths().values().forEach(lengths ->
                    plan.memory(lengths).copyFrom(MemorySegment.ofArray(workload.ints("lengths"))));
        }

        @Override
        public void close() {
            plan.close();
            parameters.close();
        }
    }

    private static final class LayerTraining implements Run {
        private final Workload.Layer layer;
        private final Learning learning;

        LayerTraining(Workload.Layer layer) {
            this.layer = layer;
            learning = new Learning(layer, scope -> {
                Graph.Builder graph = scope.graph();
                Value dy = graph.input("dy", DataType.FLOAT32, scope.y().shape());
                graph.output("y", scope.y());
                List<Value> wanted = new ArrayList<>(scope.parameters().keySet());
                wanted.add(scope.x());
                return Gradients.of(graph.build(), Map.of(scope.y(), dy), wanted);
            });
            copy(layer.floats("x"), learning.plan.memory(learning.scope.x()));
            copy(layer.floats("dy"), learning.plan.memory(learning.plan.graph().value("dy")));
        }

        @Override
        public void run() {
            learning.plan.run(layer.batch(), layer.time());
        }

        @Override
        public Map<String, float[]> results() {
            Map<String, float[]> results = new LinkedHashMap<>();
            results.put("y", floats(learning.scope.y()));
            results.put("dx", floats(learning.gradients.of(learning.scope.x())));
            learning.parameters.views(learning.plan.gradients())
                    .forEach((name, gradient) -> results.put("d" + file(name), gradient.toFloats()));
            return results;
        }

        private float[] floats(Value value) {
            return learning.plan.tensor(value, layer.batch(), layer.time()).toFloats();
        }

        @Override
        public void close() {
            learning.close();
        }
    }

    private static final class NetworkTraining implements Run {
        private final Workload.Network network;
        private final Arena arena = Arena.ofShared();
        private final Learning learning;
        private final Update update;
        private final MemorySegment x;
        private final MemorySegment target;
        private final float[] losses = new float[3];
        private long steps;

        NetworkTraining(Workload.Network network) {
            this.network = network;
            Model model = network.model();
            learning = new Learning(network, scope -> {
                Graph.Builder graph = scope.graph();
                Value loss = model.classifies() ? crossEntropy(scope) : squares(scope);
                graph.output("loss", loss);
                return Gradients.of(graph.build(), loss, scope.parameters().keySet());
            });
            Op rule = model.adam()
                    ? new Op.Adam((float) Model.BETA_1, (float) Model.BETA_2, (float) Model.EPSILON, Op.AdamForm.KERAS)
                    : new Op.Sgd(0, false);
            update = Update.of(learning.parameters, rule, Clip.globalNorm(Model.CLIP), learning.engine);
            x = input(arena, network).segment();
            target = (model.classifies() ? ints(arena, network, "labels") : floats(arena, network, "target"))
                    .segment();
        }

        private static Value crossEntropy(Scope scope) {
            Value labels = scope.graph().input("target", DataType.INT32, scope.y().shape().leading());
            CrossEntropyOutputs outputs = scope.graph().softmaxCrossEntropy("loss", scope.y(), labels);
            return outputs.loss();
        }

        private static Value squares(Scope scope) {
            Value target = scope.graph().input("target", DataType.FLOAT32, scope.y().shape());
            return scope.graph().elementwiseLoss("loss", Op.LossKind.SQUARED, scope.y(), target).loss();
        }

        /// As `Trainer` takes a step, a batch being copied into the plan's memory at its beginning.
        @Override
        public void run() {
            Plan plan = learning.plan;
            MemorySegment.copy(x, 0, plan.memory(learning.scope.x()), 0, x.byteSize());
            MemorySegment.copy(target, 0, plan.memory(plan.graph().value("target")), 0, target.byteSize());
            plan.run(network.batch(), network.time());
            double loss = plan.scalar(plan.graph().output("loss"));
            double norm = update.norm(plan.gradients());
            if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
                throw new IllegalStateException("step %d: loss %g, norm %g".formatted(steps + 1, loss, norm));
            }
            if (steps < losses.length) {
                losses[(int) steps] = (float) loss;
            }
            update.apply(plan.gradients(), network.model().rate(), ++steps);
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("losses", losses.clone());
        }

        @Override
        public void close() {
            update.close();
            learning.close();
            arena.close();
        }
    }
}
