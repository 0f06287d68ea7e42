package dev.rondo.decoding;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.List;
import java.util.Map;

/// The best tags of a linear-chain conditional random field (Viterbi 1967), whose score is that of
/// [dev.rondo.graph.Op.Crf]. Immutable; any thread may use it.
///
/// ```java
/// int[] tags = Viterbi.of(transitions, start, end).decode(emissions).tags();
/// List<Viterbi.Path> paths = Viterbi.of(model.parameters(), "crf").decode(model.predict(x));
/// ```
public final class Viterbi {
    private final int count;
    private final float[] transitions;
    private final float[] start;
    private final float[] end;

    private Viterbi(float[] transitions, float[] start, float[] end) {
        count = start.length;
        this.transitions = transitions;
        this.start = start;
        this.end = end;
    }

    /// The tags of a sequence.
    ///
    /// @param tags one for each step
    /// @param score of them; 0 of no steps
    public record Path(int[] tags, double score) {
        /// Copies the tags.
        public Path {
            tags = tags.clone();
        }

        /// The tags, in a new array.
        @Override
        public int[] tags() {
            return tags.clone();
        }
    }

    /// Of a chain's scores, which are copied. Minus infinity forbids.
    ///
    /// @param transitions float32 `[K,K]`, from the tag of the row to that of the column
    /// @param start float32 `[K]`, of the first tag
    /// @param end float32 `[K]`, of the last tag
    /// @throws IllegalArgumentException if a type or shape is wrong, or a score is NaN or infinite
    public static Viterbi of(Tensor transitions, Tensor start, Tensor end) {
        int tags = start.shape().rank() == 1 ? start.shape().dim(0) : 0;
        if (tags == 0) {
            throw new IllegalArgumentException("start: expected FLOAT32 [K], got " + start.type() + " " + start.shape());
        }
        return new Viterbi(
                scores("transitions", transitions, Shape.of(tags, tags)),
                scores("start", start, Shape.of(tags)),
                scores("end", end, Shape.of(tags)));
    }

    /// Of a layer [dev.rondo.layers.Crf] of a trained model, whose emissions the model predicts.
    ///
    /// @param parameters of the model, by path: what [dev.rondo.Model#parameters()] gives
    /// @param layer its name, such as `crf`
    /// @throws IllegalArgumentException if there is no such layer, or as [#of(Tensor, Tensor, Tensor)]
    public static Viterbi of(Map<String, Tensor> parameters, String layer) {
        return of(
                parameter(parameters, layer + "/transitions"),
                parameter(parameters, layer + "/begin"),
                parameter(parameters, layer + "/end"));
    }

    private static Tensor parameter(Map<String, Tensor> parameters, String path) {
        Tensor parameter = parameters.get(path);
        if (parameter == null) {
            throw new IllegalArgumentException("%s: expected a parameter of a Crf layer among %s, got none"
                    .formatted(path, parameters.keySet()));
        }
        return parameter;
    }

    private static float[] scores(String name, Tensor tensor, Shape shape) {
        if (tensor.type() != DataType.FLOAT32 || !tensor.shape().equals(shape)) {
            throw new IllegalArgumentException("%s: expected FLOAT32 %s, got %s %s"
                    .formatted(name, shape, tensor.type(), tensor.shape()));
        }
        float[] scores = tensor.toFloats();
        check(name, scores);
        return scores;
    }

    private static void check(String name, float[] scores) {
        for (int i = 0; i < scores.length; i++) {
            if (!(scores[i] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "%s[%d]: expected a number below infinity, got %s".formatted(name, i, scores[i]));
            }
        }
    }

    /// How many tags there are, K.
    public int count() {
        return count;
    }

    /// Finds the tags with the highest score; of equal ones those whose last tag that differs is the smaller.
    ///
    /// @param emissions `[T,K]`
    /// @throws IllegalArgumentException if there are not whole rows of K, or one is NaN or infinite
    public Path decode(float[] emissions) {
        if (emissions.length % count != 0) {
            throw new IllegalArgumentException(
                    "emissions: expected rows of %d tags, got [%d]".formatted(count, emissions.length));
        }
        check("emissions", emissions);
        int steps = emissions.length / count;
        if (steps == 0) {
            return new Path(new int[0], 0);
        }
        double[] best = new double[count];
        double[] next = new double[count];
        int[] from = new int[emissions.length];
        for (int t = 0; t < steps; t++) {
            for (int j = 0; j < count; j++) {
                double most = t == 0 ? start[j] : best[0] + transitions[j];
                int source = 0;
                for (int i = 1; t > 0 && i < count; i++) {
                    double score = best[i] + transitions[i * count + j];
                    if (score > most) {
                        most = score;
                        source = i;
                    }
                }
                next[j] = most + emissions[t * count + j];
                from[t * count + j] = source;
            }
            double[] done = best;
            best = next;
            next = done;
        }
        int[] tags = new int[steps];
        int last = 0;
        for (int j = 1; j < count; j++) {
            last = best[j] + end[j] > best[last] + end[last] ? j : last;
        }
        tags[steps - 1] = last;
        for (int t = steps - 1; t > 0; t--) {
            tags[t - 1] = from[t * count + tags[t]];
        }
        return new Path(tags, best[last] + end[last]);
    }

    /// Finds the tags of each sequence of a batch.
    ///
    /// @param emissions float32 `[B,T,K]`
    /// @param lengths the steps of each sequence, in 0..T; none: all T
    /// @throws IllegalArgumentException as [#decode(float[])], or if a shape or length is wrong
    public List<Path> decode(Tensor emissions, int... lengths) {
        List<float[]> sequences = Sequences.of("emissions", emissions, lengths);
        if (emissions.shape().dim(2) != count) {
            throw new IllegalArgumentException(
                    "emissions: expected [B,T,%d], got %s".formatted(count, emissions.shape()));
        }
        return sequences.stream().map(this::decode).toList();
    }
}
