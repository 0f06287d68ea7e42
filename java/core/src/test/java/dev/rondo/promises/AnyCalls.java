package dev.rondo.promises;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.rondo.Functional;
import dev.rondo.Sequential;
import dev.rondo.data.LabelledFolder;
import dev.rondo.data.WavReader;
import dev.rondo.decoding.BeamSearch;
import dev.rondo.decoding.Viterbi;
import dev.rondo.inference.DecoderSession;
import dev.rondo.inference.InferenceSession;
import dev.rondo.layers.Attention;
import dev.rondo.layers.Crf;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Symbol;
import dev.rondo.plan.Engine;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.NonFiniteException;
import dev.rondo.training.Training;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.ConcurrentModificationException;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A program that calls every public method of every public class of the exported packages with whatever fits its
/// parameters: numbers that nothing fits, memory that is closed or another thread's, and objects that earlier calls
/// gave, open or closed. Where they want an interface of one method, such as a cell or a loss, it is given one that calls
/// anything on what it is given. It finds the methods by itself, so a new class needs nothing here.
///
/// The arguments are the folder of the classes, the exported packages, how many threads call at once (half of them
/// virtual), for how many seconds, and a folder for files. Alone, a call may throw what the API names; where many
/// threads use what is one thread's, any exception will do. What must not be is an error, a call that does not come
/// back, and a crash.
final class AnyCalls {
    private static final int KEPT = 6;
    private static final int DEEPEST = 3;
    private static final long LONGEST_NANOS = 30_000_000_000L;
    /// On a busy machine it goes on beyond its time, until it has made so many calls of nearly all methods, though not for
    /// longer than this.
    static final int ENOUGH = 4000;
    private static final long MOST_NANOS = 90_000_000_000L;
    private static final int[] NUMBERS = {0, 1, 2, 3, 4, 5, 8, 1, 2, 3, 4, 5, 8, -1, -2, -3, 100};
    private static final int[] HOSTILE = {Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 30, 65_536};

    /// Calls that take as long as they are told to.
    private static final Set<String> SLOW = Set.of("measureFma");

    /// How long a training takes, or a sequence is searched for, is the caller's to say.
    private static final Set<Class<?>> LASTING = Set.of(Fit.class, BeamSearch.class);

    private final List<Executable> calls = new ArrayList<>();
    private final Map<Class<?>, List<Object>> kept = new ConcurrentHashMap<>();
    private final Map<Executable, LongAdder> made = new ConcurrentHashMap<>();
    private volatile boolean enough;
    private final Map<Executable, LongAdder> returned = new ConcurrentHashMap<>();
    private final Map<String, String> found = new ConcurrentHashMap<>();
    private final boolean alone;
    private final Path folder;

    private AnyCalls(Path classes, List<String> packages, boolean alone, Path folder) throws Exception {
        this.alone = alone;
        this.folder = folder;
        for (String name : packages) {
            try (Stream<Path> files = Files.list(classes.resolve(name.replace('.', '/')))) {
                for (Path file : files.sorted().toList()) {
                    String simple = String.valueOf(file.getFileName());
                    if (simple.endsWith(".class") && !simple.equals("package-info.class")) {
                        add(Class.forName(name + "." + simple.substring(0, simple.length() - ".class".length())));
                    }
                }
            }
        }
        calls.sort(Comparator.comparing(Executable::toGenericString));
        calls.forEach(call -> {
            made.put(call, new LongAdder());
            returned.put(call, new LongAdder());
        });
        seed();
    }

    private void add(Class<?> type) {
        if (!isPublic(type)) {
            return;
        }
        if (!Modifier.isAbstract(type.getModifiers())) {
            calls.addAll(List.of(type.getConstructors()));
        }
        for (Method method : type.getDeclaredMethods()) {
            boolean ofEnums = type.isEnum() && Modifier.isStatic(method.getModifiers());
            if (!ofEnums && Modifier.isPublic(method.getModifiers()) && !method.isSynthetic() && !SLOW.contains(method.getName())) {
                calls.add(method);
            }
        }
    }

    private static boolean isPublic(Class<?> type) {
        return Modifier.isPublic(type.getModifiers())
                && (type.getDeclaringClass() == null || isPublic(type.getDeclaringClass()));
    }

    /// A small model of each cell, so that the first calls have something to work with.
    private void seed() throws IOException {
        for (Cell cell : Cell.ALL) {
            Sequential model = Sequential.of(Input.features(Shape.TIME, 2), cell.sequences(3), Dense.units(2));
            model.compile(Training.optimizer(Adam.standard()).engine(Engine.training().threads(1)));
            model.save(folder.resolve("model.safetensors"));
            keep(model);
        }
        keep(Fit.epochs(1));
        keep(Shape.of(2, 3));
        seedDecoding();
        seedFiles();
    }

    /// What only models of certain layers have.
    private void seedDecoding() {
        Functional.Builder b = Functional.builder();
        Symbol source = b.input(Input.ids(Shape.TIME).named("a"));
        Symbol target = b.input(Input.ids(Shape.time(1)).named("m"));
        Symbol memory = b.add(Gru.units(3).returnSequences(), b.add(Embedding.of(4, 3), source));
        Symbol state = b.add(Gru.units(3).returnSequences(), b.add(Embedding.of(4, 3), target));
        Symbol context = b.add(Attention.dot(), state, memory);
        Functional translator = b.output("x", b.add(Dense.units(4), context)).build();
        InferenceSession session = translator.session();
        keep(translator);
        keep(session);
        DecoderSession decoder = session.decoder("m", "x", 2);
        decoder.encode(Map.of("a", Tensor.of(new int[] {1, 2, 3}, 1, 3)));
        keep(decoder);
        Sequential tagger = Sequential.of(Input.features(Shape.TIME, 2), Dense.units(3), Crf.of());
        keep(tagger);
        keep(Viterbi.of(tagger.parameters(), "crf"));
    }

    private void seedFiles() throws IOException {
        ByteBuffer wav = ByteBuffer.allocate(60).order(ByteOrder.LITTLE_ENDIAN);
        wav.put("RIFF".getBytes(US_ASCII)).putInt(52).put("WAVEfmt ".getBytes(US_ASCII)).putInt(16);
        wav.putShort((short) 1).putShort((short) 1).putInt(8000).putInt(16_000).putShort((short) 2).putShort((short) 16);
        wav.put("data".getBytes(US_ASCII)).putInt(16);
        Path labelled = Files.createDirectories(folder.resolve("sounds/x")).resolve("sound.wav");
        Files.write(labelled, wav.array());
        keep(WavReader.open(Files.copy(labelled, folder.resolve("sound.wav"))));
        keep(LabelledFolder.byFolder(folder.resolve("sounds"), ".wav"));
    }

    public static void main(String[] arguments) throws Exception {
        int threads = Integer.parseInt(arguments[2]);
        long until = System.nanoTime() + Long.parseLong(arguments[3]) * 1_000_000_000L;
        long seed = Long.parseLong(arguments[5]);
        AnyCalls calls = new AnyCalls(
                Path.of(arguments[0]), List.of(arguments[1].split(",", -1)), threads == 1, Path.of(arguments[4]));
        List<Walk> walks = new ArrayList<>();
        List<Thread> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            Walk walk = calls.new Walk(new SplittableRandom(seed + i), until);
            walks.add(walk);
            all.add(i % 2 == 0 ? Thread.ofPlatform().start(walk) : Thread.ofVirtual().start(walk));
        }
        for (Thread thread : all) {
            while (!thread.join(Duration.ofMillis(100))) {
                for (Walk walk : walks) {
                    walk.checkTime();
                }
                calls.enough = calls.sum() >= ENOUGH && calls.uncalled() < calls.made.size() / 20;
            }
        }
        calls.print();
        calls.found.values().forEach(System.out::println);
        System.exit(calls.found.isEmpty() ? 0 : 2);
    }

    private void print() {
        Map<String, String> never = new TreeMap<>();
        made.forEach((call, count) -> {
            if (returned.get(call).sum() == 0) {
                never.put(call.getDeclaringClass().getSimpleName() + "." + name(call), count + " calls");
            }
        });
        System.out.println("calls " + sum());
        System.out.println("methods " + made.size());
        System.out.println("uncalled " + uncalled());
        System.out.println("refused always " + never);
    }

    private static String name(Executable call) {
        return call instanceof Constructor<?> ? "new" : call.getName();
    }

    private synchronized void keep(Object object) {
        List<Object> same = kept.computeIfAbsent(object.getClass(), _ -> new ArrayList<>());
        if (same.size() < KEPT) {
            same.add(object);
        }
    }

    private long sum() {
        return made.values().stream().mapToLong(LongAdder::sum).sum();
    }

    private long uncalled() {
        return made.values().stream().filter(count -> count.sum() == 0).count();
    }

    // ---------------------------------------------------------------------------------------------------- walking

    private final class Walk implements Runnable {
        private final SplittableRandom random;
        private final long until;
        private final AtomicLong since = new AtomicLong();
        private volatile String what = "";
        private @Nullable Object latest;
        private int depth;

        Walk(SplittableRandom random, long until) {
            this.random = random;
            this.until = until;
        }

        @Override
        public void run() {
            while (System.nanoTime() < until || !enough && System.nanoTime() < until + MOST_NANOS) {
                call(calls.get(random.nextInt(calls.size())));
            }
            since.set(0);
        }

        void checkTime() {
            long start = since.get();
            if (start != 0 && System.nanoTime() - start > LONGEST_NANOS) {
                System.out.println("a call does not come back: " + what);
                Thread.getAllStackTraces().forEach((thread, frames) -> System.out.println(thread + " " + List.of(frames)));
                Runtime.getRuntime().halt(3);
            }
        }

        private void call(Executable call) {
            if (call instanceof Method method && !Modifier.isStatic(method.getModifiers())) {
                Object receiver = instance(method.getDeclaringClass());
                if (receiver != null) {
                    call(call, receiver);
                }
            } else {
                call(call, null);
            }
        }

        private void call(Executable call, @Nullable Object receiver) {
            Type[] types = call.getGenericParameterTypes();
            Object[] arguments = new Object[types.length];
            for (int i = 0; i < types.length; i++) {
                arguments[i] = argument(types[i], call);
                if (arguments[i] == null) {
                    return;
                }
            }
            if (random.nextInt(50) == 0) {
                Thread.currentThread().interrupt();
            }
            made.get(call).increment();
            what = call.toString();
            long outer = since.getAndSet(System.nanoTime());
            try {
                Object result = call instanceof Constructor<?> constructor
                        ? constructor.newInstance(arguments)
                        : ((Method) call).invoke(receiver, arguments);
                since.set(outer);
                returned.get(call).increment();
                if (result != null) {
                    latest = result;
                    take(result);
                }
            } catch (InvocationTargetException e) {
                check(call, e.getCause());
            } catch (ReflectiveOperationException | IllegalArgumentException e) {
                throw new IllegalStateException(call.toGenericString(), e);
            } catch (ConcurrentModificationException e) {
                // Another thread changes what the call gave.
                if (alone) {
                    throw e;
                }
            } finally {
                since.set(outer);
                Thread.interrupted();
            }
        }

        private void check(Executable call, @Nullable Throwable thrown) {
            boolean named = thrown instanceof IllegalArgumentException
                    || thrown instanceof IllegalStateException
                    || thrown instanceof IndexOutOfBoundsException
                    || thrown instanceof ArithmeticException
                    || thrown instanceof NoSuchElementException
                    || thrown instanceof UnsupportedOperationException
                    || thrown instanceof WrongThreadException
                    || thrown instanceof NonFiniteException
                    || thrown instanceof UncheckedIOException
                    || thrown instanceof IOException
                    || thrown instanceof OutOfMemoryError;
            if (!named && thrown != null && (alone || thrown instanceof Error)) {
                StringWriter text = new StringWriter();
                thrown.printStackTrace(new PrintWriter(text));
                StackTraceElement[] frames = thrown.getStackTrace();
                found.putIfAbsent(
                        thrown.getClass().getSimpleName() + " " + (frames.length == 0 ? "" : frames[0]),
                        "found in " + call.toGenericString() + ": " + text);
            }
        }

        /// Keeps what a call gave, in place of another of its kind.
        private void take(Object result) {
            switch (result) {
                case Optional<?> optional -> optional.ifPresent(this::take);
                case Map<?, ?> map -> map.values().stream().limit(KEPT).forEach(this::take);
                case List<?> list -> list.stream().limit(KEPT).forEach(this::take);
                default -> {
                    boolean ours = result.getClass().getName().startsWith("dev.rondo.");
                    if (!(ours || result instanceof MemorySegment) || result instanceof Enum<?>) {
                        return;
                    }
                    synchronized (AnyCalls.this) {
                        List<Object> same = kept.computeIfAbsent(result.getClass(), _ -> new ArrayList<>());
                        if (same.contains(result)) {
                            return;
                        }
                        if (same.size() < KEPT) {
                            same.add(result);
                            return;
                        }
                        Object old = same.set(random.nextInt(KEPT), result);
                        if (!(old instanceof AutoCloseable)) {
                            return;
                        }
                        result = old;
                    }
                    close((AutoCloseable) result);
                }
            }
        }

        private void close(AutoCloseable owner) {
            try {
                owner.close();
            } catch (Exception e) {
                if (alone) {
                    throw new IllegalStateException("close of " + owner, e);
                }
            }
        }

        // ------------------------------------------------------------------------------------------- arguments

        private @Nullable Object instance(Class<?> type) {
            if (type.isEnum()) {
                Object[] constants = type.getEnumConstants();
                return constants[random.nextInt(constants.length)];
            }
            synchronized (AnyCalls.this) {
                List<Object> fitting = new ArrayList<>();
                kept.forEach((kind, objects) -> {
                    if (type.isAssignableFrom(kind)) {
                        fitting.addAll(objects);
                    }
                });
                return fitting.isEmpty() ? null : fitting.get(random.nextInt(fitting.size()));
            }
        }

        private int number(Executable call) {
            if (LASTING.contains(call.getDeclaringClass())) {
                return NUMBERS[random.nextInt(4)];
            }
            return random.nextInt(12) == 0
                    ? HOSTILE[random.nextInt(HOSTILE.length)]
                    : NUMBERS[random.nextInt(NUMBERS.length)];
        }

        private @Nullable Object argument(Type type, Executable call) {
            return switch (type) {
                case ParameterizedType generic -> container(generic, call);
                case WildcardType wildcard -> argument(wildcard.getUpperBounds()[0], call);
                case TypeVariable<?> variable -> argument(variable.getBounds()[0], call);
                case Class<?> simple -> simple(simple, call);
                default -> null;
            };
        }

        private @Nullable Object container(ParameterizedType type, Executable call) {
            Class<?> raw = (Class<?>) type.getRawType();
            Type[] of = type.getActualTypeArguments();
            if (raw == Optional.class) {
                return random.nextBoolean() ? Optional.empty() : Optional.ofNullable(argument(of[0], call));
            }
            if (isFunctional(raw)) {
                return written(raw);
            }
            if (raw.isAssignableFrom(LinkedHashMap.class)) {
                Map<Object, Object> map = new LinkedHashMap<>();
                for (int i = random.nextInt(3); i > 0; i--) {
                    Object key = argument(of[0], call);
                    Object value = argument(of[1], call);
                    if (key != null && value != null) {
                        map.put(key, value);
                    }
                }
                return map;
            }
            List<Object> list = new ArrayList<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                Object element = argument(of[0], call);
                if (element != null) {
                    list.add(element);
                }
            }
            if (raw.isAssignableFrom(List.class)) {
                return list;
            }
            return raw.isAssignableFrom(Set.class) ? new LinkedHashSet<>(list) : instance(raw);
        }

        private @Nullable Object simple(Class<?> type, Executable call) {
            if (type.isArray()) {
                int length = random.nextInt(9);
                Object array = Array.newInstance(type.getComponentType(), length);
                for (int i = 0; i < length; i++) {
                    Object element = simple(type.getComponentType(), call);
                    if (element == null) {
                        return null;
                    }
                    Array.set(array, i, element);
                }
                return array;
            }
            if (type == int.class) {
                return number(call);
            }
            if (type == long.class) {
                return (long) number(call);
            }
            if (type == double.class || type == Double.class || type == Object.class) {
                double[] values = {0, 1, 0.5, -1, 1e-3, 0.9, 2, Double.NaN, Double.POSITIVE_INFINITY, 1e300};
                return values[random.nextInt(values.length)];
            }
            if (type == float.class) {
                return (float) number(call) / 4;
            }
            if (type == boolean.class) {
                return random.nextBoolean();
            }
            if (type == byte.class) {
                return (byte) random.nextInt();
            }
            if (type == String.class || type == CharSequence.class) {
                String[] values = {"", "x", "y", "lstm", "dense", "weight", "a/b", "native", "avx2", "loss", "m", "a", "\0"};
                return values[random.nextInt(values.length)];
            }
            if (type == Path.class) {
                String[] names = {"model.safetensors", "model.safetensors", "sound.wav", "sounds", "other1", "other2"};
                return folder.resolve(names[random.nextInt(names.length)]);
            }
            if (type == RandomGenerator.class) {
                return new SplittableRandom(1);
            }
            if (type == Throwable.class) {
                return new IllegalStateException("given");
            }
            if (type == Arena.class) {
                // Never closed, and no more than a shape of theirs: what is given is small.
                return Arena.global();
            }
            if (type == MemorySegment.class && random.nextInt(3) > 0) {
                return segment();
            }
            if (type == Tensor.class && random.nextBoolean()) {
                return tensor();
            }
            if (type == Shape.class && random.nextBoolean()) {
                return Shape.of(dims());
            }
            Object known = instance(type);
            return isFunctional(type) && (known == null || random.nextBoolean()) ? written(type) : known;
        }

        private static boolean isFunctional(Class<?> type) {
            return type.isInterface()
                    && !type.isSealed()
                    && Arrays.stream(type.getMethods())
                                    .filter(method -> Modifier.isAbstract(method.getModifiers()))
                                    .filter(method -> !isOfObject(method))
                                    .count()
                            == 1;
        }

        private static boolean isOfObject(Method method) {
            return switch (method.getName()) {
                case "equals", "hashCode", "toString" -> true;
                default -> false;
            };
        }

        /// What a user might write for an interface of one method.
        private @Nullable Object written(Class<?> type) {
            return depth == DEEPEST
                    ? null
                    : Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, this::answer);
        }

        /// Calls anything on what it is given, and answers with what fits.
        private @Nullable Object answer(Object self, Method method, Object @Nullable [] arguments) throws Throwable {
            if (isOfObject(method)) {
                return switch (method.getName()) {
                    case "equals" -> arguments != null && self == arguments[0];
                    case "hashCode" -> System.identityHashCode(self);
                    default -> "written";
                };
            }
            if (method.isDefault()) {
                return InvocationHandler.invokeDefault(self, method, arguments);
            }
            Class<?> type = method.getReturnType();
            latest = null;
            depth++;
            try {
                for (Object argument : arguments == null ? new Object[0] : arguments) {
                    take(argument);
                    List<Executable> fitting = calls.stream()
                            .filter(call -> call instanceof Method && !Modifier.isStatic(call.getModifiers()))
                            .filter(call -> call.getDeclaringClass().isInstance(argument))
                            .toList();
                    for (int i = fitting.isEmpty() ? 0 : random.nextInt(20); i > 0; i--) {
                        call(fitting.get(random.nextInt(fitting.size())), argument);
                    }
                }
            } finally {
                depth--;
            }
            if (type == void.class) {
                return null;
            }
            Object answer = type.isInstance(latest) ? latest : argument(method.getGenericReturnType(), method);
            if (answer == null) {
                throw new IllegalStateException("nothing fits " + type);
            }
            return answer;
        }

        private int[] dims() {
            int[] dims = new int[random.nextInt(4)];
            for (int i = 0; i < dims.length; i++) {
                dims[i] = random.nextInt(8) == 0 ? Shape.TIME + random.nextInt(2) : 1 + random.nextInt(4);
            }
            return dims;
        }

        private Tensor tensor() {
            DataType[] types = {DataType.FLOAT32, DataType.FLOAT32, DataType.INT32, DataType.FLOAT64, DataType.INT64};
            Shape shape = Shape.of(dims());
            DataType type = types[random.nextInt(types.length)];
            return shape.isSymbolic() ? Tensor.zeros(type, 2, 2, 2) : Tensor.zeros(type, shape.dims());
        }

        private MemorySegment segment() {
            int bytes = random.nextInt(200);
            return switch (random.nextInt(6)) {
                case 0 -> MemorySegment.NULL;
                case 1 -> CallFuzzer.CLOSED.asSlice(0, bytes);
                case 2 -> CallFuzzer.FOREIGN.asSlice(0, bytes);
                case 3 -> MemorySegment.ofArray(new float[bytes]);
                case 4 -> MemorySegment.ofArray(new byte[bytes]).asReadOnly();
                default -> MemorySegment.ofArray(new int[bytes]);
            };
        }
    }
}
