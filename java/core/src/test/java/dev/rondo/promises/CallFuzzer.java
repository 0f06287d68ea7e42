package dev.rondo.promises;

import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.inference.StreamingSession;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.plan.Engine;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Metric;
import dev.rondo.training.NonFiniteException;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Any bytes are a sequence of calls: models are built, trained, served, streamed, closed in any order and given data of
/// any type, shape, size, alignment and owner. Each call gives a result or one of the exceptions that the API names;
/// what else is thrown, and a crash of the process, is a finding of the fuzzer's.
public final class CallFuzzer {
    private static final int MOST_CALLS = 32;
    private static final int MOST_OWNERS = 3;
    private static final List<Cell> CELLS = Cell.ALL;
    private static final int[] HOSTILE = {0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 30, 65536};

    /// Memory that no thread but one that is gone may touch, and memory that is closed.
    static final MemorySegment FOREIGN = foreign();

    static final MemorySegment CLOSED = closed();

    private final byte[] input;
    private int next;
    private final List<Sequential> models = new ArrayList<>();
    private final List<InferenceSession> sessions = new ArrayList<>();
    private final List<StreamingSession> streams = new ArrayList<>();
    private final Arena arena;

    private CallFuzzer(byte[] input, Arena arena) {
        this.input = input;
        this.arena = arena;
    }

    /// A class of its own: a thread that ran code of the fuzzer's while this is being initialized would wait for ever.
    private static final class Owner implements Runnable {
        private MemorySegment segment = MemorySegment.NULL;

        @Override
        public void run() {
            segment = Arena.ofConfined().allocate(256, 64);
        }
    }

    private static MemorySegment foreign() {
        Owner owner = new Owner();
        Thread thread = new Thread(owner);
        thread.start();
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return owner.segment;
    }

    private static MemorySegment closed() {
        try (Arena arena = Arena.ofShared()) {
            return arena.allocate(256, 64);
        }
    }

    /// What the fuzzer calls.
    public static void fuzzerTestOneInput(byte[] input) {
        try (Arena arena = Arena.ofConfined()) {
            CallFuzzer fuzzer = new CallFuzzer(input, arena);
            try {
                fuzzer.build();
                for (int call = 0; call < MOST_CALLS && fuzzer.next < input.length; call++) {
                    fuzzer.call();
                }
            } finally {
                Thread.interrupted();
                fuzzer.streams.forEach(StreamingSession::close);
                fuzzer.sessions.forEach(InferenceSession::close);
                fuzzer.models.forEach(Sequential::close);
            }
        }
    }

    // -------------------------------------------------------------------------------------------------- the bytes

    private int below(int limit) {
        return next < input.length ? Byte.toUnsignedInt(input[next++]) % limit : 0;
    }

    private boolean seldom() {
        return below(16) == 15;
    }

    /// Mostly a small number from 1 on, now and then one that nothing fits.
    private int size(int limit) {
        return seldom() ? HOSTILE[below(HOSTILE.length)] : 1 + below(limit);
    }

    private float number() {
        return switch (below(12)) {
            case 11 -> switch (below(5)) {
                case 0 -> Float.NaN;
                case 1 -> Float.POSITIVE_INFINITY;
                case 2 -> -Float.MAX_VALUE;
                case 3 -> Float.MIN_VALUE;
                default -> -0f;
            };
            default -> (below(256) - 128) / 32f;
        };
    }

    private static <T> T of(List<T> owners, int index) {
        return owners.get(index % owners.size());
    }

    // -------------------------------------------------------------------------------------------------- the data

    private static final DataType[] TYPES = {
        DataType.FLOAT32, DataType.INT32, DataType.FLOAT64, DataType.INT64, DataType.BOOL
    };

    /// A tensor, mostly of the type and rank asked for.
    private Tensor tensor(DataType type, int rank, int batch, int time, int features) {
        DataType used = seldom() ? TYPES[below(TYPES.length)] : type;
        int[] dims = new int[seldom() ? below(5) : rank];
        int[] usual = {batch, time, features, 1, 1};
        for (int i = 0; i < dims.length; i++) {
            dims[i] = seldom() ? size(7) : usual[i];
        }
        Shape shape = Shape.of(dims);
        if (shape.isSymbolic() || isLarge(dims)) {
            return Tensor.wrap(MemorySegment.NULL, used, shape);
        }
        long bytes = shape.elements() * used.bytes();
        Tensor tensor = switch (below(9)) {
            case 0, 1, 2 -> Tensor.allocate(arena, used, shape);
            case 3 -> Tensor.wrap(arena.allocate(bytes + 8, 8).asSlice(1 + below(7), bytes), used, shape);
            default -> Tensor.zeros(used, dims);
        };
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, type == DataType.INT32 ? below(seldom() ? 256 : 5) - (seldom() ? 100 : 0) : number());
        }
        return switch (below(24)) {
            case 21 -> Tensor.wrap(tensor.segment().asReadOnly(), used, shape);
            case 22 -> bytes <= 256 ? Tensor.wrap(FOREIGN.asSlice(0, bytes), used, shape) : tensor;
            case 23 -> bytes <= 256 ? Tensor.wrap(CLOSED.asSlice(0, bytes), used, shape) : tensor;
            default -> tensor;
        };
    }

    /// Large, or too large on the way to nothing: `[2^30, 2^30, 2^30, 0]`.
    private static boolean isLarge(int[] dims) {
        double elements = 1;
        for (int dim : dims) {
            elements *= Math.max(dim, 1);
        }
        return elements > 4096;
    }

    private Tensor input(InferenceSession session, int batch, int time) {
        Shape shape = session.inputShape();
        return tensor(session.inputType(), shape.rank(), batch, shape.rank() == 2 && features(shape) > 0 ? features(shape) : time,
                features(shape));
    }

    private Tensor output(InferenceSession session, int batch, int time) {
        Shape shape = session.outputShape();
        int classes = shape.dim(-1);
        return tensor(DataType.FLOAT32, shape.rank(), batch, shape.rank() == 2 ? classes : time, classes);
    }

    private static int features(Shape shape) {
        return Math.max(shape.dim(-1), 0);
    }

    private MemorySegment segment() {
        long bytes = below(200);
        return switch (below(8)) {
            case 0 -> MemorySegment.NULL;
            case 1 -> CLOSED.asSlice(0, bytes);
            case 2 -> FOREIGN.asSlice(0, bytes);
            case 3 -> MemorySegment.ofArray(new byte[(int) bytes]);
            case 4 -> MemorySegment.ofArray(new int[(int) bytes]);
            case 5 -> arena.allocate(bytes + 1).asSlice(1);
            case 6 -> arena.allocate(bytes).asReadOnly();
            default -> arena.allocate(bytes, 64);
        };
    }

    // -------------------------------------------------------------------------------------------------- the calls

    private interface Call {
        void run();
    }

    /// Makes a call that may be refused, but only so.
    private static void attempt(Call call) {
        try {
            call.run();
        } catch (IllegalArgumentException
                | IllegalStateException
                | NonFiniteException
                | WrongThreadException e) {
            if (String.valueOf(e.getMessage()).isBlank()) {
                throw new AssertionError("an exception without a message", e);
            }
        }
    }

    private void call() {
        int which = below(256);
        if (models.isEmpty()) {
            attempt(this::build);
            return;
        }
        Sequential model = of(models, below(MOST_OWNERS));
        switch (which % 20) {
            case 0 -> attempt(this::build);
            case 1 -> attempt(() -> model.compile(training()));
            case 2 -> attempt(() -> model.fit(dataset(model), Fit.epochs(1 + below(2)).batchSize(size(4))));
            case 3 -> attempt(() -> model.evaluate(dataset(model), size(4)));
            case 4 -> attempt(() -> setParameter(model));
            case 5 -> attempt(() -> predict(model));
            case 6 -> attempt(() -> open(model));
            case 7 -> Thread.currentThread().interrupt();
            case 8 -> attempt(model::close);
            default -> {
                if (sessions.isEmpty()) {
                    attempt(() -> open(model));
                } else {
                    call(which, of(sessions, below(MOST_OWNERS)));
                }
            }
        }
    }

    private void call(int which, InferenceSession session) {
        int batch = 1 + below(4);
        int time = 1 + below(5);
        switch (which % 20) {
            case 9 -> attempt(() -> session.run(input(session, batch, time), output(session, batch, time)));
            case 10 -> attempt(() -> session.run(
                    input(session, batch, time),
                    tensor(DataType.INT32, 1, batch, 1, 1),
                    output(session, batch, time)));
            case 11 -> attempt(() -> session.run(segment(), segment(), size(4), size(5)));
            case 12 -> attempt(() -> session.run(new float[below(12)], new float[below(40)]));
            case 13 -> attempt(() -> session.run(ids(below(12)), new float[below(40)]));
            case 14 -> attempt(() -> {
                if (streams.size() < MOST_OWNERS) {
                    streams.add(session.stream(seldom() ? 0 : 1 + below(3)));
                }
            });
            case 15 -> attempt(session::close);
            default -> {
                if (!streams.isEmpty()) {
                    call(which, session, of(streams, below(MOST_OWNERS)));
                }
            }
        }
    }

    private void call(int which, InferenceSession session, StreamingSession stream) {
        int time = 1 + below(4);
        switch (which % 20) {
            case 16 -> attempt(() -> stream.step(input(session, stream.batch(), time), output(session, stream.batch(), time)));
            case 17 -> attempt(() -> {
                if (session.inputType() == DataType.INT32) {
                    stream.step(ids(below(5)), new float[below(40)]);
                } else {
                    stream.step(new float[below(12)], new float[below(40)]);
                }
            });
            case 18 -> attempt(stream::reset);
            default -> attempt(stream::close);
        }
    }

    private int[] ids(int count) {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = below(6) - (seldom() ? 7 : 0);
        }
        return ids;
    }

    private void build() {
        if (models.size() == MOST_OWNERS) {
            return;
        }
        attempt(() -> {
            Sequential.Builder builder = Sequential.builder();
            switch (below(4)) {
                case 0 -> builder.add(Input.features(1 + below(5)));
                case 1 -> builder.add(Input.ids(Shape.TIME));
                default -> builder.add(Input.features(Shape.TIME, 1 + below(5)));
            }
            for (int layers = below(4); layers > 0; layers--) {
                Cell cell = of(CELLS, below(16));
                int units = seldom() ? -1 : 1 + below(17);
                switch (below(8)) {
                    case 0, 1, 2 -> builder.add(cell.sequences(units));
                    case 3, 4 -> builder.add(cell.last(units));
                    case 5 -> builder.add(Embedding.of(units, 1 + below(4)));
                    case 6 -> builder.add(Dropout.rate(below(11) / 10.0));
                    default -> builder.add(Dense.units(units).activation(Activation.values()[below(Activation.values().length)]));
                }
            }
            models.add(builder.seed(below(4)).note("n", "note").build());
        });
    }

    private Training training() {
        Training training = Training.optimizer(below(2) == 0 ? Adam.standard() : Sgd.rate(number()))
                .metrics(Metric.accuracy())
                .engine(Engine.training().threads(1 + below(2)));
        return below(2) == 0 ? training : training.clipGlobalNorm(number());
    }

    private Dataset dataset(Sequential model) {
        Shape output = model.outputShape();
        int examples = 1 + below(4);
        int time = 1 + below(4);
        Input in = (Input) model.layers().getFirst();
        int rank = in.shape().rank();
        int features = features(in.shape());
        if (below(4) == 0) {
            return Dataset.streams(ids(below(20)), size(4));
        }
        Examples data = Dataset.of(
                tensor(in.dataType(), rank, examples, rank == 2 && features > 0 ? features : time, features),
                tensor(DataType.INT32, output.rank() - 1, examples, time, 1));
        return below(3) == 0 ? data.lengths(ids(examples)) : data;
    }

    private void setParameter(Sequential model) {
        Map<String, Tensor> parameters = model.parameters();
        String name = seldom() || parameters.isEmpty() ? "none" : List.copyOf(parameters.keySet()).get(below(parameters.size()));
        Tensor same = parameters.get(name);
        model.setParameter(
                name, same == null || below(3) == 0 ? tensor(DataType.FLOAT32, 2, 3, 3, 1) : Tensor.zeros(same.type(), same.shape().dims()));
    }

    private void predict(Sequential model) {
        Input in = (Input) model.layers().getFirst();
        int rank = in.shape().rank();
        int features = features(in.shape());
        int examples = 1 + below(3);
        Tensor x = tensor(in.dataType(), rank, examples, rank == 2 && features > 0 ? features : 1 + below(3), features);
        if (below(3) == 0) {
            model.predict(x, tensor(DataType.INT32, 1, examples, 1, 1));
        } else {
            model.predict(x);
        }
    }

    private void open(Sequential model) {
        if (sessions.size() < MOST_OWNERS) {
            sessions.add(model.session(
                    Serving.standard().plans(1 + below(2)).engine(Engine.inference().threads(1 + below(3)))));
        }
    }
}
