package dev.rondo.data;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;

/// Examples in memory, one a row. The tensors are read where they lie, so they must not change while a run uses them.
///
/// With lengths, a batch has only as many time steps as its longest sequence, of each symbol of time.
public final class Examples implements Dataset {
    /// The name of an input that is told none.
    static final String X = "x";

    /// The name of targets that are told none.
    static final String Y = "y";

    private final SequencedMap<String, Tensor> inputs;
    private final SequencedMap<String, Tensor> targets;
    private final SequencedMap<String, int[]> lengths;
    private final SequencedMap<String, Tensor> weights;
    private final OptionalInt pool;
    private final int size;

    Examples(Map<String, Tensor> inputs, Map<String, Tensor> targets) {
        this(ordered(inputs), ordered(targets), new LinkedHashMap<>(), new LinkedHashMap<>(), OptionalInt.empty());
    }

    /// A copy in the map's order, or where it has none in that of the names.
    private static SequencedMap<String, Tensor> ordered(Map<String, Tensor> parts) {
        return parts instanceof SequencedMap ? new LinkedHashMap<>(parts) : new TreeMap<>(parts);
    }

    private Examples(
            SequencedMap<String, Tensor> inputs,
            SequencedMap<String, Tensor> targets,
            SequencedMap<String, int[]> lengths,
            SequencedMap<String, Tensor> weights,
            OptionalInt pool) {
        this.inputs = Collections.unmodifiableSequencedMap(inputs);
        this.targets = Collections.unmodifiableSequencedMap(targets);
        this.lengths = lengths;
        this.weights = weights;
        this.pool = pool;
        if (inputs.isEmpty() || targets.isEmpty()) {
            throw new IllegalArgumentException("examples: expected inputs and targets, got inputs %s and targets %s"
                    .formatted(inputs.keySet(), targets.keySet()));
        }
        String first = inputs.firstEntry().getKey();
        Shape rows = x().shape();
        for (Map<String, Tensor> parts : List.of(inputs, targets)) {
            parts.forEach((name, tensor) -> {
                if (rows.rank() == 0 || tensor.shape().rank() == 0 || tensor.shape().dim(0) != rows.dim(0)) {
                    throw new IllegalArgumentException(
                            "%s: expected as many rows as %s %s, got %s".formatted(name, first, rows, tensor.shape()));
                }
            });
        }
        size = rows.dim(0);
        if (size == 0) {
            throw new IllegalArgumentException(first + ": expected at least one example, got " + rows);
        }
    }

    /// With the number of real steps of each sequence of the only input; what lies behind is padding, which changes
    /// neither the loss nor any metric, whatever it holds.
    ///
    /// @param lengths one for each example, in `1..T`
    /// @throws IllegalArgumentException if there are several inputs, or the lengths are not these
    public Examples lengths(int... lengths) {
        if (inputs.size() > 1) {
            throw new IllegalArgumentException(
                    "lengths: expected the name of the input that they are of, since there are " + inputs.keySet());
        }
        return lengths("lengths", inputs.firstEntry().getKey(), lengths);
    }

    /// With the number of real steps of each sequence of an input, or else of the targets of this name. They hold for
    /// everything that has the same symbol of time; where a symbol is given none, its sequences have all steps.
    ///
    /// @param part the name; `x` and `y` of examples without names
    /// @param lengths one for each example, in `1..T`, of targets with a time of their own in `0..T`
    /// @throws IllegalArgumentException if there is no such part, or the lengths are not these
    public Examples lengths(String part, int... lengths) {
        return lengths("lengths of " + part, part, lengths);
    }

    private Examples lengths(String what, String part, int[] own) {
        Tensor tensor = inputs.getOrDefault(part, targets.get(part));
        if (tensor == null) {
            throw new IllegalArgumentException(
                    "%s: expected one of the inputs %s or the targets %s"
                            .formatted(what, inputs.keySet(), targets.keySet()));
        }
        if (own.length != size()) {
            throw new IllegalArgumentException(
                    "%s: expected one for each of %d examples, got %d".formatted(what, size(), own.length));
        }
        int least = inputs.containsKey(part) ? 1 : 0;
        int time = tensor.shape().rank() < 2 ? 1 : tensor.shape().dim(1);
        for (int i = 0; i < own.length; i++) {
            if (own[i] < least || own[i] > time) {
                throw new IllegalArgumentException(
                        "%s[%d]: expected %d..%d, got %d".formatted(what, i, least, time, own[i]));
            }
        }
        SequencedMap<String, int[]> all = new LinkedHashMap<>(lengths);
        all.put(part, own.clone());
        return new Examples(inputs, targets, all, weights, pool);
    }

    /// With how much each example counts in the loss of the only target; see [#weights(String, float...)].
    ///
    /// @param weights one for each example, at least 0
    /// @throws IllegalArgumentException if there are several targets, or the weights are not these
    public Examples weights(float... weights) {
        return weights(onlyTarget("weights"), weights);
    }

    /// With how much each example counts in the loss of some targets: that of all its steps. The loss is `sum w l / sum
    /// w` over the real steps of a batch, or the sequences for losses of these: twice the weights are the same loss.
    /// Metrics count every step alike. The weights take the place of ones that were told before.
    ///
    /// @param target the name; `y` of examples without names
    /// @param weights one for each example, at least 0
    /// @throws IllegalArgumentException if there are no such targets, or the weights are not these
    public Examples weights(String target, float... weights) {
        checkTarget("weights", target);
        if (weights.length != size()) {
            throw new IllegalArgumentException("weights of %s: expected one for each of %d examples, got %d"
                    .formatted(target, size(), weights.length));
        }
        for (int i = 0; i < weights.length; i++) {
            if (!(weights[i] >= 0 && weights[i] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("weights of %s[%d]: expected a finite number of at least 0, got %s"
                        .formatted(target, i, weights[i]));
            }
        }
        return weighted(target, Tensor.of(weights.clone(), weights.length));
    }

    /// With how much each step counts in the loss of the only target; see [#stepWeights(String, Tensor)].
    ///
    /// @param weights float32 `[N,T]`, at least 0 at real steps
    /// @throws IllegalArgumentException if there are several targets, or the weights have another type or shape
    public Examples stepWeights(Tensor weights) {
        return stepWeights(onlyTarget("stepWeights"), weights);
    }

    /// With how much each step counts in the loss of some targets: as [#weights(String, float...)], whose place they
    /// take. What lies behind the end of a sequence may be anything. A weight that is negative or no number is refused
    /// when the batch is read.
    ///
    /// @param target the name; `y` of examples without names
    /// @param weights float32 `[N,T]`, of the time of the targets; at least 0 at real steps
    /// @throws IllegalArgumentException if there are no such targets, or the weights have another type or shape
    public Examples stepWeights(String target, Tensor weights) {
        checkTarget("stepWeights", target);
        Shape shape = weights.shape();
        if (weights.type() != DataType.FLOAT32 || shape.rank() != 2 || shape.dim(0) != size()) {
            throw new IllegalArgumentException("stepWeights of %s: expected FLOAT32 [N,T] with N = %d, got %s %s"
                    .formatted(target, size(), weights.type(), shape));
        }
        return weighted(target, weights);
    }

    private Examples weighted(String target, Tensor own) {
        SequencedMap<String, Tensor> all = new LinkedHashMap<>(weights);
        all.put(target, own);
        return new Examples(inputs, targets, lengths, all, pool);
    }

    private String onlyTarget(String what) {
        if (targets.size() > 1) {
            throw new IllegalArgumentException(
                    "%s: expected the name of the targets that they are of, since there are %s"
                            .formatted(what, targets.keySet()));
        }
        return targets.firstEntry().getKey();
    }

    private void checkTarget(String what, String target) {
        if (!targets.containsKey(target)) {
            throw new IllegalArgumentException(
                    "%s: expected one of the targets %s, got %s".formatted(what, targets.keySet(), target));
        }
    }

    /// With batches of sequences of like lengths, so that there is less padding to run over. Where an epoch is
    /// shuffled, the shuffled examples are taken in pools of some batches each, each pool is sorted by length (of
    /// several symbols of time by the first, then by the next) and cut into batches, and the batches are shuffled; the
    /// smaller batch that is left stays last. It follows from the seed and the epoch alone. Examples that are read in
    /// their own order are not sorted.
    ///
    /// @param pool batches of a pool, at least 1: the more, the less padding, and the less random the batches
    /// @throws IllegalStateException if the examples have no lengths
    public Examples bucketed(int pool) {
        if (pool < 1) {
            throw new IllegalArgumentException("pool: expected at least 1, got " + pool);
        }
        if (!hasLengths()) {
            throw new IllegalStateException("bucketed: expected examples with lengths, got ones without");
        }
        return new Examples(inputs, targets, lengths, weights, OptionalInt.of(pool));
    }

    /// Some of the examples, as [Split] tells, in memory of their own.
    ///
    /// @param rows each in `0..size-1`, in the order they will have
    /// @throws IllegalArgumentException if there is none, or one is out of range
    public Examples select(int... rows) {
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] < 0 || rows[i] >= size()) {
                throw new IllegalArgumentException(
                        "rows[%d]: expected 0..%d, got %d".formatted(i, size() - 1, rows[i]));
            }
        }
        SequencedMap<String, int[]> own = new LinkedHashMap<>();
        lengths.forEach((part, all) -> own.put(part, Arrays.stream(rows).map(row -> all[row]).toArray()));
        return new Examples(select(inputs, rows), select(targets, rows), own, select(weights, rows), pool);
    }

    private static SequencedMap<String, Tensor> select(Map<String, Tensor> parts, int[] rows) {
        SequencedMap<String, Tensor> selected = new LinkedHashMap<>();
        parts.forEach((name, tensor) -> selected.put(name, select(tensor, rows)));
        return selected;
    }

    private static Tensor select(Tensor tensor, int[] rows) {
        int[] dims = tensor.shape().dims();
        long rowBytes = tensor.segment().byteSize() / dims[0];
        dims[0] = rows.length;
        Tensor selected = Tensor.zeros(tensor.type(), dims);
        for (int i = 0; i < rows.length; i++) {
            MemorySegment.copy(tensor.segment(), rows[i] * rowBytes, selected.segment(), i * rowBytes, rowBytes);
        }
        return selected;
    }

    /// Number of examples.
    public int size() {
        return size;
    }

    /// The inputs; of several the first.
    public Tensor x() {
        return inputs.firstEntry().getValue();
    }

    /// The targets; of several the first.
    public Tensor y() {
        return targets.firstEntry().getValue();
    }

    /// The inputs by name; `x` where they were told none.
    public SequencedMap<String, Tensor> inputs() {
        return inputs;
    }

    /// The targets by name; `y` where they were told none.
    public SequencedMap<String, Tensor> targets() {
        return targets;
    }

    @Override
    public Reader open(Request request) {
        Signature signature = request.signature();
        List<Map.Entry<String, Tensor>> xs = match("inputs", X, inputs, signature.inputs(), signature.isSingle());
        List<Map.Entry<String, Tensor>> ys = match("targets", Y, targets, signature.targets(), signature.isSingle());
        int[] times = new int[signature.times()];
        for (int i = 0; i < xs.size(); i++) {
            check(xs.get(i), signature.inputs().get(i), times);
        }
        for (int i = 0; i < ys.size(); i++) {
            check(ys.get(i), signature.targets().get(i), times);
        }
        int[][] bySymbol = lengths(signature, xs, ys);
        List<Optional<Weighted>> weighted = new ArrayList<>();
        for (int i = 0; i < ys.size(); i++) {
            weighted.add(weighted(ys.get(i).getKey(), signature.targets().get(i), times));
        }
        Arrays.setAll(times, k -> Math.max(times[k], 1));
        return new ExampleReader(request, values(xs), values(ys), times, bySymbol, weighted);
    }

    /// Weights of some targets, and what they are of.
    private record Weighted(Tensor tensor, Part part) {}

    private Optional<Weighted> weighted(String name, Part target, int[] times) {
        Tensor tensor = weights.get(name);
        if (tensor == null) {
            return Optional.empty();
        }
        String what = "stepWeights of " + name;
        if (tensor.shape().rank() == 2 && !target.isTimed()) {
            throw new IllegalArgumentException("%s: expected none, since the targets are %s, which have no time"
                    .formatted(what, target.shape()));
        }
        Part part = new Part(what, DataType.FLOAT32, target.shape().slice(0, tensor.shape().rank()));
        check(Map.entry(what, tensor), part, times);
        return Optional.of(new Weighted(tensor, part));
    }

    /// The tensors that a signature's parts are read from, with the names that these examples have for them, in the
    /// signature's order.
    ///
    /// @param only the name of a part that was told none
    private static List<Map.Entry<String, Tensor>> match(
            String what, String only, Map<String, Tensor> tensors, List<Part> parts, boolean single) {
        Set<String> names = new LinkedHashSet<>(parts.stream().map(Part::name).toList());
        if (single && tensors.keySet().equals(Set.of(only))) {
            return List.copyOf(tensors.entrySet());
        }
        if (!tensors.keySet().equals(names)) {
            throw new IllegalArgumentException("%s: expected %s, got %s".formatted(what, names, tensors.keySet()));
        }
        return names.stream().map(name -> Map.entry(name, tensors.get(name))).toList();
    }

    private static List<Tensor> values(List<Map.Entry<String, Tensor>> entries) {
        return entries.stream().map(Map.Entry::getValue).toList();
    }

    /// @param times the number of time steps of each symbol, 0 where it is not known yet
    private static void check(Map.Entry<String, Tensor> entry, Part part, int[] times) {
        Shape actual = entry.getValue().shape();
        boolean fits = entry.getValue().type() == part.type() && actual.rank() == part.shape().rank();
        String known = known(times);
        for (int axis = 1; fits && axis < actual.rank(); axis++) {
            int expected = part.shape().dim(axis);
            if (axis == 1 && part.isTimed()) {
                int k = part.time();
                fits = actual.dim(1) >= 1 && (times[k] == 0 || times[k] == actual.dim(1));
                times[k] = actual.dim(1);
            } else {
                fits = expected == actual.dim(axis);
            }
        }
        if (!fits) {
            throw new IllegalArgumentException("%s: expected %s %s%s, got %s %s"
                    .formatted(entry.getKey(), part.type(), part.shape(), known, entry.getValue().type(), actual));
        }
    }

    private static String known(int[] times) {
        List<String> known = new ArrayList<>();
        for (int k = 0; k < times.length; k++) {
            if (times[k] > 0) {
                known.add(symbol(k) + " = " + times[k]);
            }
        }
        return known.isEmpty() ? "" : " with " + String.join(", ", known);
    }

    private static String symbol(int k) {
        return k == 0 ? "T" : "T" + k;
    }

    /// The lengths of each symbol of time; empty where it was given none.
    private int[][] lengths(
            Signature signature, List<Map.Entry<String, Tensor>> xs, List<Map.Entry<String, Tensor>> ys) {
        int[][] bySymbol = new int[signature.times()][0];
        String[] from = new String[bySymbol.length];
        boolean[] ofInput = new boolean[bySymbol.length];
        signature.inputs().stream().filter(Part::isTimed).forEach(part -> ofInput[part.time()] = true);
        lengths.forEach((name, own) -> {
            Part part = inputs.containsKey(name)
                    ? part(name, signature.inputs(), xs)
                    : part(name, signature.targets(), ys);
            if (!part.isTimed()) {
                throw new IllegalArgumentException(
                        "lengths: expected none, since the model takes %s, which has no time".formatted(part));
            }
            int k = part.time();
            for (int i = 0; i < own.length; i++) {
                if (bySymbol[k].length > 0 && bySymbol[k][i] != own[i]) {
                    throw new IllegalArgumentException(
                            "lengths of %s[%d]: expected %d, as of %s, since both have %s, got %d"
                                    .formatted(name, i, bySymbol[k][i], from[k], symbol(k), own[i]));
                }
                if (own[i] == 0 && ofInput[k]) {
                    throw new IllegalArgumentException(
                            "lengths of %s[%d]: expected at least 1, since an input has %s, got 0"
                                    .formatted(name, i, symbol(k)));
                }
            }
            bySymbol[k] = own;
            from[k] = name;
        });
        return bySymbol;
    }

    private static Part part(String name, List<Part> parts, List<Map.Entry<String, Tensor>> entries) {
        for (int i = 0; i < parts.size(); i++) {
            if (entries.get(i).getKey().equals(name)) {
                return parts.get(i);
            }
        }
        throw new IllegalStateException(name + " was matched");
    }

    /// Rows of one tensor, of which the first steps are copied.
    ///
    /// @param stepBytes 0 where there is no time
    /// @param time which symbol of time
    private record Rows(MemorySegment source, long rowBytes, long stepBytes, int time) {
        /// Nothing to copy.
        static final Rows NONE = new Rows(MemorySegment.NULL, 0, 0, 0);

        static Rows of(Tensor tensor, Part part, int[] times) {
            long rowBytes = tensor.elements() / tensor.shape().dim(0) * tensor.type().bytes();
            return part.isTimed()
                    ? new Rows(tensor.segment(), rowBytes, rowBytes / times[part.time()], part.time())
                    : new Rows(tensor.segment(), rowBytes, 0, 0);
        }

        static List<Rows> of(List<Tensor> tensors, List<Part> parts, int[] times) {
            List<Rows> rows = new ArrayList<>();
            for (int i = 0; i < parts.size(); i++) {
                rows.add(of(tensors.get(i), parts.get(i), times));
            }
            return List.copyOf(rows);
        }

        /// Copies a row as the batch's `place`-th.
        void copy(int row, MemorySegment target, int place, int[] timeSteps) {
            long bytes = stepBytes == 0 ? rowBytes : stepBytes * timeSteps[time];
            MemorySegment.copy(source, row * rowBytes, target, place * bytes, bytes);
        }
    }

    private final class ExampleReader implements Reader {
        private final Request request;
        private final int[] times;
        private final int[][] lengths;
        private final int[] cut;
        private final int[] own;
        private final int[] order = new int[size()];
        private final List<Rows> inputRows;
        private final List<Rows> targetRows;
        private final List<Weights> weights;
        private final List<Rows> weightRows;

        ExampleReader(
                Request request,
                List<Tensor> xs,
                List<Tensor> ys,
                int[] times,
                int[][] lengths,
                List<Optional<Weighted>> weighted) {
            this.request = request;
            this.times = times;
            this.lengths = lengths;
            cut = times.clone();
            own = new int[largestBatch()];
            inputRows = Rows.of(xs, request.signature().inputs(), times);
            targetRows = Rows.of(ys, request.signature().targets(), times);
            weights = weighted.stream()
                    .map(own -> own.map(some -> some.part().isTimed() ? Weights.STEPS : Weights.SEQUENCES)
                            .orElse(Weights.EQUAL))
                    .toList();
            weightRows = weighted.stream()
                    .map(own -> own.map(some -> Rows.of(some.tensor(), some.part(), times)).orElse(Rows.NONE))
                    .toList();
            begin(1);
        }

        @Override
        public int batches() {
            return Math.ceilDiv(size(), request.batchSize());
        }

        @Override
        public int largestBatch() {
            return Math.min(size(), request.batchSize());
        }

        @Override
        public int largestTime() {
            return times[0];
        }

        @Override
        public Extents largest() {
            return Extents.of(largestBatch(), times);
        }

        @Override
        public Continuity continuity() {
            return Continuity.SEPARATE;
        }

        @Override
        public Lengths lengths() {
            return hasLengths() ? Lengths.OWN : Lengths.FULL;
        }

        @Override
        public Weights weights(int target) {
            return weights.get(target);
        }

        @Override
        public void begin(int epoch) {
            for (int i = 0; i < order.length; i++) {
                order[i] = i;
            }
            if (request.order() == Order.SHUFFLED) {
                Seeds.shuffle(order, Seeds.generator(request.seed(), "shuffle", epoch));
                if (pool.isPresent()) {
                    bucket(pool.getAsInt(), epoch);
                }
            }
        }

        private void bucket(int pool, int epoch) {
            int batch = request.batchSize();
            long poolSize = (long) pool * batch;
            for (long first = 0; first < order.length; first += poolSize) {
                for (int k = lengths.length - 1; k >= 0; k--) {
                    if (lengths[k].length > 0) {
                        sort(lengths[k], (int) first, (int) Math.min(order.length, first + poolSize));
                    }
                }
            }
            int[] batches = new int[order.length / batch];
            Arrays.setAll(batches, i -> i);
            Seeds.shuffle(batches, Seeds.generator(request.seed(), "shuffle batches", epoch));
            int[] sorted = order.clone();
            for (int i = 0; i < batches.length; i++) {
                System.arraycopy(sorted, batches[i] * batch, order, i * batch, batch);
            }
        }

        /// Sorts a part of the order by length; equally long ones stay as they are.
        private void sort(int[] lengths, int from, int to) {
            long[] keys = new long[to - from];
            for (int i = 0; i < keys.length; i++) {
                keys[i] = (long) lengths[order[from + i]] << 32 | i;
            }
            Arrays.sort(keys);
            int[] shuffled = Arrays.copyOfRange(order, from, to);
            for (int i = 0; i < keys.length; i++) {
                order[from + i] = shuffled[(int) keys[i]];
            }
        }

        @Override
        public void read(int index, Batch batch) {
            int first = index * request.batchSize();
            int count = Math.min(request.batchSize(), size() - first);
            for (int k = 0; k < times.length; k++) {
                cut[k] = lengths[k].length > 0 ? longest(lengths[k], first, count) : times[k];
            }
            for (int i = 0; i < count; i++) {
                int row = order[first + i];
                for (int part = 0; part < inputRows.size(); part++) {
                    inputRows.get(part).copy(row, batch.input(part), i, cut);
                }
                for (int part = 0; part < targetRows.size(); part++) {
                    targetRows.get(part).copy(row, batch.target(part), i, cut);
                    weightRows.get(part).copy(row, batch.weights(part), i, cut);
                }
            }
            for (int k = 0; k < times.length && hasLengths(); k++) {
                readLengths(k, first, count, batch.lengths(k));
            }
            batch.filled(count, cut);
        }

        private void readLengths(int k, int first, int count, MemorySegment target) {
            for (int i = 0; i < count; i++) {
                own[i] = lengths[k].length > 0 ? lengths[k][order[first + i]] : times[k];
            }
            if (target.byteSize() > 0) {
                MemorySegment.copy(own, 0, target, ValueLayout.JAVA_INT, 0, count);
            }
        }

        private int longest(int[] lengths, int first, int count) {
            int longest = 1;
            for (int i = first; i < first + count; i++) {
                longest = Math.max(longest, lengths[order[i]]);
            }
            return longest;
        }
    }

    private boolean hasLengths() {
        return !lengths.isEmpty();
    }
}
