package dev.rondo.data;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;

/// Files that are examples of classes, such as recordings of words, and which class each is of, by where it lies or by
/// its name. What is in them is read when a batch of them is.
///
/// ```java
/// LabelledFolder digits = LabelledFolder.byName(folder, ".wav", name -> name.substring(0, name.indexOf('_')));
/// LabelledFolder.Parts parts = digits.split(entry -> entry.name().contains("_theo_"));
/// AudioFeatures features = AudioFeatures.librosa(8000).mfcc(13);
/// Dataset data = parts.training().sequences(file -> features.apply(WavReader.read(file)), 200).prefetched(4);
/// ```
///
/// Files come in the order of their paths within the folder, compared character by character with `/` between names,
/// and classes in the order of their labels, so both are the same on every machine. Files and folders whose names begin
/// with a dot are left out, and links to folders are not followed. Immutable.
public final class LabelledFolder {
    private final Path root;
    private final List<String> labels;
    private final List<Entry> entries;

    /// One file.
    ///
    /// @param file its path, under that of the folder
    /// @param label of its class
    /// @param id of its class, the label's place in [LabelledFolder#labels()]
    public record Entry(Path file, String label, int id) {
        /// The file's name without its folders.
        public String name() {
            return String.valueOf(file.getFileName());
        }
    }

    /// Files to learn from and files to be scored on.
    ///
    /// @param training with all labels of the folder, even those that only the others have
    /// @param heldOut with the same
    public record Parts(LabelledFolder training, LabelledFolder heldOut) {}

    /// Reads what is in a file.
    @FunctionalInterface
    public interface Loader {
        /// Reads a file, or makes features of what is in it.
        ///
        /// @return `[T][F]`: F numbers for each of the file's own T steps
        /// @throws IOException if it cannot be read
        float[][] load(Path file) throws IOException;
    }

    private LabelledFolder(Path root, List<String> labels, List<Entry> entries) {
        this.root = root;
        this.labels = labels;
        this.entries = List.copyOf(entries);
    }

    /// The files in the folders of a folder: each of these is a class, and its name is the label.
    ///
    /// @param root the folder of the classes' folders. A file is of the class of the first folder under it, however
    ///     deep it lies
    /// @param suffix how names of files end that count, such as `.wav`; empty for all
    /// @throws DataFormatException if there is no such file, or one lies in no class's folder
    /// @throws IOException if a folder cannot be read
    public static LabelledFolder byFolder(Path root, String suffix) throws IOException {
        List<Path> files = files(root, suffix);
        List<String> own = new ArrayList<>();
        for (Path file : files) {
            Path relative = root.relativize(file);
            if (relative.getNameCount() < 2) {
                throw new DataFormatException(file, "expected a folder of a class around it, got " + root);
            }
            own.add(relative.getName(0).toString());
        }
        return of(root, files, own);
    }

    /// The files in a folder and the folders in it, whose names tell their classes.
    ///
    /// @param suffix how names of files end that count, such as `.wav`; empty for all
    /// @param label of a name without its folders
    /// @throws DataFormatException if there is no such file, or the label of one is empty or cannot be told: the
    ///     message names the file
    /// @throws IOException if a folder cannot be read
    public static LabelledFolder byName(Path root, String suffix, Function<String, String> label) throws IOException {
        List<Path> files = files(root, suffix);
        List<String> own = new ArrayList<>();
        for (Path file : files) {
            try {
                own.add(label.apply(String.valueOf(file.getFileName())));
            } catch (RuntimeException e) {
                throw new DataFormatException(file, "expected a label in the name, got " + e, e);
            }
            if (own.getLast().isEmpty()) {
                throw new DataFormatException(file, "expected a label in the name, got none");
            }
        }
        return of(root, files, own);
    }

    private static List<Path> files(Path root, String suffix) throws IOException {
        List<Path> files = TextCorpus.filesOf(root).stream()
                .filter(file -> String.valueOf(file.getFileName()).endsWith(suffix))
                .toList();
        if (files.isEmpty()) {
            throw new DataFormatException(
                    root, "expected files" + (suffix.isEmpty() ? "" : " that end with " + suffix) + ", got none");
        }
        return files;
    }

    /// @param own label of each file
    private static LabelledFolder of(Path root, List<Path> files, List<String> own) {
        List<String> labels = List.copyOf(new TreeSet<>(own));
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            entries.add(new Entry(files.get(i), own.get(i), Collections.binarySearch(labels, own.get(i))));
        }
        return new LabelledFolder(root, labels, entries);
    }

    /// The labels of all classes, in the order of their ids; unmodifiable.
    public List<String> labels() {
        return labels;
    }

    /// All files, in their order; unmodifiable.
    public List<Entry> entries() {
        return entries;
    }

    /// How many files there are.
    public int size() {
        return entries.size();
    }

    /// The classes of all files, in their order: the targets `[N]`.
    public int[] ids() {
        return entries.stream().mapToInt(Entry::id).toArray();
    }

    /// Holds out the files that a test names, such as those of some speakers.
    ///
    /// @throws IllegalArgumentException if nothing would be left on one of the sides
    public Parts split(Predicate<Entry> heldOut) {
        List<Entry> training = new ArrayList<>();
        List<Entry> rest = new ArrayList<>();
        for (Entry entry : entries) {
            (heldOut.test(entry) ? rest : training).add(entry);
        }
        if (training.isEmpty() || rest.isEmpty()) {
            throw new IllegalArgumentException(
                    "heldOut: expected a test that leaves files on both sides of %d, got %d held out".formatted(
                            entries.size(), rest.size()));
        }
        return new Parts(new LabelledFolder(root, labels, training), new LabelledFolder(root, labels, rest));
    }

    /// The files as sequences and their classes, each read anew whenever its batch is. [Dataset#prefetched] reads them
    /// while the model learns; what takes longer than that belongs into memory, as [#examples] has it.
    ///
    /// A file that cannot be read is an [UncheckedIOException] when its batch is read, whose message names it; one that
    /// has not F features or more steps than are allowed, or none, is one of a [DataFormatException].
    ///
    /// @param loader called by one thread at a time for each reader
    /// @param longest how many steps a file may have, at least 1; a batch has as many as its longest
    /// @return x float32 `[B,T,F]` and y int32 `[B]`, with lengths
    public Dataset sequences(Loader loader, int longest) {
        if (longest < 1) {
            throw new IllegalArgumentException("longest: expected at least 1, got " + longest);
        }
        return request -> new SequenceReader(loader, longest, request);
    }

    /// Reads all files into memory.
    ///
    /// @return x float32 `[N,T,F]`, padded behind, and y int32 `[N]`, with lengths
    /// @throws DataFormatException if a file has no step, or another number of features than the first
    /// @throws IOException if a file cannot be read; the message names it
    public Examples examples(Loader loader) throws IOException {
        float[][][] sequences = new float[size()][][];
        for (int n = 0; n < sequences.length; n++) {
            Path file = entries.get(n).file();
            sequences[n] = load(loader, file);
            check(file, sequences[n], Integer.MAX_VALUE, sequences[0][0].length);
        }
        return Padding.post().apply(sequences).examples(Tensor.of(ids(), size()));
    }

    private static float[][] load(Loader loader, Path file) throws IOException {
        try {
            float[][] steps = loader.load(file);
            if (steps.length == 0) {
                throw new DataFormatException(file, "expected at least 1 step, got none");
            }
            return steps;
        } catch (DataFormatException | FileSystemException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            throw new DataFormatException(file, String.valueOf(e.getMessage()), e);
        }
    }

    private static void check(Path file, float[][] steps, int longest, int features) throws DataFormatException {
        if (steps.length > longest) {
            throw new DataFormatException(file, "expected at most %d steps, got %d".formatted(longest, steps.length));
        }
        for (int t = 0; t < steps.length; t++) {
            if (steps[t].length != features) {
                throw new DataFormatException(
                        file, "step %d: expected %d features, got %d".formatted(t, features, steps[t].length));
            }
        }
    }

    private final class SequenceReader implements Dataset.Reader {
        private final Loader loader;
        private final int longest;
        private final Dataset.Request request;
        private final int features;
        private final int[] order = new int[size()];

        SequenceReader(Loader loader, int longest, Dataset.Request request) {
            this.loader = loader;
            this.longest = longest;
            this.request = request;
            Dataset.Signature signature = request.signature();
            Dataset.Part x = signature.x();
            Dataset.Part y = signature.y();
            boolean sequences = x.type() == DataType.FLOAT32
                    && x.shape().rank() == 3 && x.shape().dim(1) == Shape.TIME && x.shape().dim(2) >= 1;
            boolean classes = y.type() == DataType.INT32 && y.shape().rank() == 1;
            if (!signature.isSingle() || !sequences || !classes) {
                throw new IllegalArgumentException(
                        "model: expected one that takes FLOAT32 [B,T,F] and learns INT32 [B], got "
                                + signature.inputs() + " and " + signature.targets());
            }
            features = x.shape().dim(2);
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
            return longest;
        }

        @Override
        public Dataset.Continuity continuity() {
            return Dataset.Continuity.SEPARATE;
        }

        @Override
        public Dataset.Lengths lengths() {
            return Dataset.Lengths.OWN;
        }

        @Override
        public void begin(int epoch) {
            for (int i = 0; i < order.length; i++) {
                order[i] = i;
            }
            if (request.order() == Order.SHUFFLED) {
                Seeds.shuffle(order, Seeds.generator(request.seed(), "shuffle", epoch));
            }
        }

        @Override
        public void read(int index, Batch batch) {
            int first = index * request.batchSize();
            float[][][] sequences = new float[Math.min(request.batchSize(), size() - first)][][];
            int time = 0;
            for (int i = 0; i < sequences.length; i++) {
                Path file = entries.get(order[first + i]).file();
                try {
                    sequences[i] = load(loader, file);
                    check(file, sequences[i], longest, features);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                time = Math.max(time, sequences[i].length);
            }
            long rowBytes = (long) features * Float.BYTES;
            batch.x().asSlice(0, sequences.length * time * rowBytes).fill((byte) 0);
            for (int i = 0; i < sequences.length; i++) {
                for (int t = 0; t < sequences[i].length; t++) {
                    long at = ((long) i * time + t) * rowBytes;
                    MemorySegment.copy(
                            sequences[i][t], 0, batch.x(), ValueLayout.JAVA_FLOAT_UNALIGNED, at, features);
                }
                batch.y().setAtIndex(ValueLayout.JAVA_INT, i, entries.get(order[first + i]).id());
                batch.lengths().setAtIndex(ValueLayout.JAVA_INT, i, sequences[i].length);
            }
            batch.filled(sequences.length, time);
        }
    }

    @Override
    public String toString() {
        return "LabelledFolder(%s, %d files of %d classes)".formatted(root, size(), labels.size());
    }
}
