package dev.rondo;

import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.graph.Graph;
import dev.rondo.inference.InferenceRequest;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.io.ModelFile;
import dev.rondo.layers.Initializer;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Network;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Fit;
import dev.rondo.training.History;
import dev.rondo.training.Scores;
import dev.rondo.training.Trainer;
import dev.rondo.training.Training;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.random.RandomGenerator;

/// A model that can be trained: layers and their parameters.
///
/// ```java
/// model.compile(Training.optimizer(Adam.rate(2e-3)).metrics(Metric.accuracy()));
/// History history = model.fit(data, Fit.epochs(3).validation(heldOut));
/// model.save(Path.of("model.safetensors"));
/// ```
///
/// It owns native memory, so it is closed at the end. Its methods wait for one another: a model does one thing at a
/// time. To serve it from many threads, open a [#session].
public abstract sealed class Model implements AutoCloseable permits Sequential, Functional {
    private static final int PREDICT_BATCH = 32;

    private final Network network;
    private final Map<String, String> notes;
    private final Parameters parameters;
    private Optional<Trainer> trainer = Optional.empty();
    private boolean closed;

    Model(ModelFile.Content content) {
        network = content.network();
        notes = content.notes();
        parameters = content.parameters();
    }

    /// A content with parameters as their initializers make them from the model's seed.
    static ModelFile.Content initial(Network network, Map<String, String> notes) {
        Scope scope = network.graph(Scope.Variant.PLAIN);
        Parameters parameters = Parameters.of(scope.graph().build());
        scope.parameters().forEach((value, initializer) -> fill(parameters.tensor(value.name()), initializer,
                Seeds.generator(network.seed(), value.name(), 0)));
        parameters.changed();
        return new ModelFile.Content(network, Map.copyOf(notes), parameters);
    }

    private static void fill(Tensor parameter, Initializer initializer, RandomGenerator random) {
        Shape shape = parameter.shape();
        float[] values = initializer.values(shape.dim(0), shape.rank() == 1 ? 1 : shape.dim(1), random);
        MemorySegment.copy(MemorySegment.ofArray(values), 0, parameter.segment(), 0, parameter.segment().byteSize());
    }

    /// The layers, each with its name.
    public List<Layer> layers() {
        return network.layers();
    }

    /// What the model gives, such as `[B,T,65]`; of several outputs the first.
    public Shape outputShape() {
        return network.graph(Scope.Variant.PLAIN).y().shape();
    }

    /// How many steps the model gives for sequences of so many: as many, or fewer where a layer makes windows of them, as
    /// [dev.rondo.layers.Conv1d] does with a stride. It is what a [dev.rondo.decoding.CtcDecoder] has to know.
    ///
    /// @param lengths of the sequences, each at least 0
    /// @return of each sequence; of several outputs the first's
    /// @throws IllegalArgumentException if a length is negative, or the output has no steps
    public int[] outputLengths(int... lengths) {
        Scope scope = network.graph(Scope.Variant.PLAIN);
        return scope.graph().build().lengths(scope.y(), lengths);
    }

    /// The seed of first values, shuffles and dropout.
    public long seed() {
        return network.seed();
    }

    /// What is noted with the model, such as its vocabulary; saved with it.
    public Map<String, String> notes() {
        return notes;
    }

    /// Views of the parameters by path, such as `lstm/weightIh`, read-only. They change as the model trains and die with
    /// it. To set them, use [#setParameter].
    ///
    /// @throws IllegalStateException if the model is closed
    public synchronized SequencedMap<String, Tensor> parameters() {
        checkOpen();
        SequencedMap<String, Tensor> views = new LinkedHashMap<>();
        parameters.tensors()
                .forEach((name, tensor) -> views.put(
                        name, Tensor.wrap(tensor.segment().asReadOnly(), tensor.type(), tensor.shape())));
        return Collections.unmodifiableSequencedMap(views);
    }

    /// Overwrites a parameter.
    ///
    /// @param name its path
    /// @param values float32, of its shape
    /// @throws IllegalArgumentException if there is no such parameter or it has another shape
    /// @throws IllegalStateException if the model is closed
    public synchronized void setParameter(String name, Tensor values) {
        checkOpen();
        Tensor parameter = parameters.tensor(name);
        if (!parameter.shape().equals(values.shape())) {
            throw new IllegalArgumentException(
                    "%s: expected %s, got %s".formatted(name, parameter.shape(), values.shape()));
        }
        parameter.copyFrom(values);
        parameters.changed();
    }

    /// Number of numbers that the parameters are.
    public long parameterCount() {
        return parameters.count();
    }

    /// Number of numbers that an optimizer changes: those of parameters that are not frozen.
    public long trainedCount() {
        return parameters.trainedCount();
    }

    /// Says how the model is to learn. It begins anew: what an optimizer remembered is forgotten, the parameters stay.
    ///
    /// @throws IllegalArgumentException if the model does not give what the loss takes
    /// @throws IllegalStateException if the model is closed, or native kernels are demanded and cannot be had
    public synchronized void compile(Training training) {
        checkOpen();
        Trainer next = new Trainer(new ModelFile.Content(network, notes, parameters), training);
        trainer.ifPresent(Trainer::close);
        trainer = Optional.of(next);
    }

    /// What the model remembers of its training; a checkpoint keeps it.
    ///
    /// @throws IllegalStateException if the model is closed or was not compiled
    public synchronized Trainer trainer() {
        checkOpen();
        return trainer.orElseThrow(() -> new IllegalStateException("Model is not compiled: call compile first"));
    }

    /// Trains. The same model, seed, data, settings, machine and number of threads give the same run, bit for bit.
    ///
    /// @throws IllegalArgumentException if the data are not of the types and shapes that model and loss take, an id or
    ///     class is out of range, or a checkpoint is of another model or of other data; the parameters are then those
    ///     after the last step
    /// @throws dev.rondo.training.NonFiniteException if data, loss or gradients hold NaN or infinity; the parameters
    ///     are then those after the last good step
    /// @throws java.io.UncheckedIOException if a checkpoint cannot be written or read, or is none, and a run that was
    ///     to go on from it has then changed nothing; or if a file of a callback cannot be written
    /// @throws IllegalStateException if the model is closed or was not compiled, or the run would not go on bit for bit,
    ///     see [Fit.Elsewhere]
    public synchronized History fit(Dataset data, Fit fit) {
        Trainer own = trainer();
        try {
            return own.fit(data, fit);
        } catch (IllegalStateException e) {
            // By a callback.
            throw closed ? new IllegalStateException("Model is closed", e) : e;
        }
    }

    /// Scores the model with the loss and the metrics it was compiled with, in batches of 32.
    ///
    /// @throws IllegalArgumentException as [#fit]
    /// @throws IllegalStateException as [#fit]
    public Scores evaluate(Dataset data) {
        return evaluate(data, Fit.DEFAULT_BATCH);
    }

    /// Scores the model.
    ///
    /// @param batchSize examples of a batch, or parallel streams
    /// @throws IllegalArgumentException as [#fit]
    /// @throws IllegalStateException as [#fit]
    public synchronized Scores evaluate(Dataset data, int batchSize) {
        return trainer().evaluate(data, batchSize);
    }

    /// What the model gives for some examples, in batches of 32, on the kernels it was compiled for. Every call begins
    /// with states of zeros or trained ones; where states are to go on from call to call, open a stream:
    /// `session().stream(batch)`, see [dev.rondo.inference.StreamingSession].
    ///
    /// @param x input: int32 `[N,T]`, or float32 `[N,T,F]` or `[N,F]`
    /// @return output, on the heap: float32 `[N,T,C]` or `[N,C]`
    /// @throws IllegalArgumentException if x is not what the model takes
    /// @throws IllegalStateException if the model is closed
    public Tensor predict(Tensor x) {
        return predict(x, Optional.empty());
    }

    /// What the model gives for some sequences of different lengths, see [InferenceSession#run(Tensor, Tensor, Tensor)].
    ///
    /// @param x input: int32 `[N,T]`, or float32 `[N,T,F]`
    /// @param lengths int32 `[N]`, each in `0..T`
    /// @return output, on the heap: float32 `[N,T,C]` or `[N,C]`
    /// @throws IllegalArgumentException if x is not what the model takes, or a length is out of range
    /// @throws IllegalStateException if the model is closed
    public Tensor predict(Tensor x, Tensor lengths) {
        if (x.shape().rank() > 0 && !lengths.shape().equals(Shape.of(x.shape().dim(0)))) {
            throw new IllegalArgumentException(
                    "lengths: expected INT32 [N] = [%d], got %s %s".formatted(x.shape().dim(0), lengths.type(), lengths.shape()));
        }
        return predict(x, Optional.of(lengths));
    }

    private Tensor predict(Tensor x, Optional<Tensor> lengths) {
        try (InferenceSession session = session(predicting())) {
            Shape input = x.shape();
            if (input.rank() == 0 || input.dim(0) < 1 || input.rank() != session.inputShape().rank()) {
                throw new IllegalArgumentException("x: expected %s %s, got %s %s"
                        .formatted(session.inputType(), session.inputShape(), x.type(), input));
            }
            int examples = input.dim(0);
            int time = input.rank() > 1 ? input.dim(1) : 1;
            Extents extents = complete(Extents.of(examples, time));
            Tensor y = Tensor.zeros(DataType.FLOAT32, session.outputShape().resolve(extents).dims());
            for (int first = 0; first < examples; first += PREDICT_BATCH) {
                int count = Math.min(PREDICT_BATCH, examples - first);
                Tensor xs = rows(x, first, count);
                Tensor ys = rows(y, first, count);
                if (lengths.isPresent()) {
                    session.run(xs, rows(lengths.get(), first, count), ys);
                } else {
                    session.run(xs, ys);
                }
            }
            return y;
        }
    }

    /// What a model with names gives for some examples, in batches of 32, on the kernels it was compiled for.
    ///
    /// @param inputs all of the model's, of N examples each
    /// @return all outputs by name, on the heap, of N examples each
    /// @throws IllegalArgumentException if the inputs are not what the model takes
    /// @throws IllegalStateException if the model is closed
    public SequencedMap<String, Tensor> predict(Map<String, Tensor> inputs) {
        return predict(inputs, Map.of());
    }

    /// What a model with names gives for some sequences of different lengths.
    ///
    /// @param inputs all of the model's, of N examples each
    /// @param lengths int32 `[N]` by the name of an input with time, see [dev.rondo.inference.InferenceRequest#lengths]
    /// @return all outputs by name, on the heap, of N examples each
    /// @throws IllegalArgumentException if the inputs are not what the model takes, or a length is out of range
    /// @throws IllegalStateException if the model is closed
    public SequencedMap<String, Tensor> predict(Map<String, Tensor> inputs, Map<String, Tensor> lengths) {
        try (InferenceSession session = session(predicting())) {
            int examples = examples(inputs, lengths);
            int[] times = new int[session.inputShapes().values().stream()
                    .mapToInt(shape -> shape.rank() > 1 && Shape.isTime(shape.dim(1)) ? Shape.TIME - shape.dim(1) + 1 : 1)
                    .max()
                    .orElse(1)];
            Arrays.fill(times, 1);
            session.inputShapes().forEach((name, shape) -> {
                Tensor input = inputs.get(name);
                if (input != null && shape.rank() > 1 && Shape.isTime(shape.dim(1)) && input.shape().rank() > 1) {
                    times[Shape.TIME - shape.dim(1)] = Math.max(input.shape().dim(1), 1);
                }
            });
            Extents extents = complete(Extents.of(examples, times));
            SequencedMap<String, Tensor> outputs = new LinkedHashMap<>();
            session.outputShapes().forEach((name, shape) ->
                    outputs.put(name, Tensor.zeros(DataType.FLOAT32, shape.resolve(extents).dims())));
            InferenceRequest request = session.request();
            for (int first = 0; first < examples; first += PREDICT_BATCH) {
                int from = first;
                int count = Math.min(PREDICT_BATCH, examples - first);
                inputs.forEach((name, tensor) -> request.input(name, rows(tensor, from, count)));
                lengths.forEach((name, tensor) -> request.lengths(name, rows(tensor, from, count)));
                outputs.forEach((name, tensor) -> request.output(name, rows(tensor, from, count)));
                request.run();
            }
            return outputs;
        }
    }

    /// The numbers of a prediction, those of windows too.
    private Extents complete(Extents extents) {
        Graph graph = network.graph(Scope.Variant.PLAIN).graph().build();
        Extents all = graph.complete(extents);
        graph.checkSteps(all);
        return all;
    }

    /// N of all.
    private static int examples(Map<String, Tensor> inputs, Map<String, Tensor> lengths) {
        int examples = 0;
        for (Map<String, Tensor> tensors : List.of(inputs, lengths)) {
            for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
                Shape shape = entry.getValue().shape();
                int rows = shape.rank() == 0 ? 0 : shape.dim(0);
                examples = examples == 0 ? rows : examples;
                if (rows < 1 || rows != examples) {
                    throw new IllegalArgumentException("%s: expected %s examples, as of the others, got %s"
                            .formatted(entry.getKey(), examples == 0 ? "some" : examples, shape));
                }
            }
        }
        if (examples == 0) {
            throw new IllegalArgumentException("inputs: expected at least one, got none");
        }
        return examples;
    }

    private synchronized Serving predicting() {
        Serving serving = Serving.standard();
        return trainer.map(compiled -> compiled.training().engine().kernels())
                .map(kernels -> serving.engine(serving.engine().kernels(kernels)))
                .orElse(serving);
    }

    private static Tensor rows(Tensor tensor, int first, int count) {
        int[] dims = tensor.shape().dims();
        long rowBytes = tensor.segment().byteSize() / dims[0];
        dims[0] = count;
        return Tensor.wrap(
                tensor.segment().asSlice(first * rowBytes, count * rowBytes), tensor.type(), Shape.of(dims));
    }

    /// Opens a session that serves the model as it is now, with [Serving#standard()]. Later training does not change it.
    ///
    /// @throws IllegalStateException if the model is closed
    public InferenceSession session() {
        return session(Serving.standard());
    }

    /// Opens a session that serves the model as it is now. Later training does not change it.
    ///
    /// @throws IllegalStateException if the model is closed, or native kernels are demanded and cannot be had
    public synchronized InferenceSession session(Serving serving) {
        checkOpen();
        Parameters copy = Parameters.of(network.graph(Scope.Variant.PLAIN).graph().build());
        copy.copyFrom(parameters);
        return new InferenceSession(new ModelFile.Content(network, notes, copy), serving);
    }

    /// Saves layers, notes and parameters in a safetensors file, which is replaced whole or not at all.
    ///
    /// @throws IOException if it cannot be written
    /// @throws IllegalArgumentException if a name or a note holds half of a surrogate pair
    /// @throws IllegalStateException if the model is closed
    public synchronized void save(Path file) throws IOException {
        checkOpen();
        ModelFile.write(file, network, notes, parameters);
    }

    /// A table of the layers: what each gives, how many parameters it has, and of recurrent ones what runs them: a
    /// fused kernel, or the general path with what no kernel has, see [dev.rondo.layers.Recurrent#beyondKernels]; where
    /// they do not stand one after another also what each takes. A layer that is applied more than once has a line for
    /// each time, and its parameters in the first. Below it the sum of the parameters, and how many of them are trained.
    public String summary() {
        return Summary.of(network);
    }

    /// The same, and the native memory that the model takes for batches of this size, see [#memory].
    ///
    /// @param batch sequences of a batch, at least 1
    /// @param steps of each, at least 1, of all inputs in time
    /// @throws IllegalArgumentException as [#memory]
    /// @throws IllegalStateException as [#memory]
    public String summary(int batch, int steps) {
        return summary() + Summary.memory(memory(batch, steps), batch, steps);
    }

    /// The native memory that the model takes on the kernels it was compiled for. To know it, this takes it for a
    /// moment.
    ///
    /// @param batch sequences of a batch, at least 1
    /// @param steps of each, at least 1, of all inputs in time
    /// @throws IllegalArgumentException if a number is less, or no memory is as large
    /// @throws OutOfMemoryError if the virtual machine may not have so much
    /// @throws IllegalStateException if the model is closed, or native kernels are demanded and cannot be had
    public synchronized Memory memory(int batch, int steps) {
        checkOpen();
        if (batch < 1 || steps < 1) {
            throw new IllegalArgumentException(
                    "batch, steps: expected at least 1 each, got %d and %d".formatted(batch, steps));
        }
        int[] times = new int[network.times()];
        Arrays.fill(times, steps);
        long optimizer = trainer.stream()
                .flatMap(compiled -> compiled.optimizerStates().values().stream())
                .flatMap(state -> state.values().stream())
                .mapToLong(tensor -> tensor.segment().byteSize())
                .sum();
        Engine.Options training = trainer.map(compiled -> compiled.training().engine()).orElse(Engine.training());
        try {
            return Memory.of(
                    network, predicting().engine().engine(), training.engine(), optimizer, Extents.of(batch, times));
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    "batch, steps: expected what memory can hold, got %d and %d".formatted(batch, steps), e);
        }
    }

    /// The operations of a prediction in their order, a line each.
    public String operations() {
        return Summary.operations(network);
    }

    /// A picture of the layers and what they take, in the language of Graphviz: `dot -Tsvg` draws it.
    public String toDot() {
        return Summary.dot(network);
    }

    /// Frees the memory; views of the parameters cannot be used any more. Sessions opened from the model go on. Closing
    /// again does nothing.
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            trainer.ifPresent(Trainer::close);
            parameters.close();
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("Model is closed");
        }
    }
}
