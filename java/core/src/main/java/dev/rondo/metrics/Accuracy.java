package dev.rondo.metrics;

/// The fraction of predictions that are right, by weight. Tokens are examples like any others: give [B,T] targets with
/// [Weights#ofLengths].
///
/// Of scores, the k highest count as predicted; of equal ones the class of the lower number comes first, so that k = 1 is
/// the arg max. For use by one thread at a time.
public final class Accuracy {
    private final int k;
    private double right;
    private double total;

    /// Of the most probable class.
    public Accuracy() {
        this(1);
    }

    private Accuracy(int k) {
        this.k = k;
    }

    /// Right where the target is among the `k` classes of the highest scores.
    ///
    /// @throws IllegalArgumentException if k is below 1
    public static Accuracy top(int k) {
        Arguments.atLeastOne("k", k);
        return new Accuracy(k);
    }

    /// Counts classes, each of weight 1.
    ///
    /// @throws IllegalArgumentException if the lengths differ
    public void addClasses(int[] targets, int[] predictions) {
        addClasses(targets, predictions, Arguments.ones(targets.length));
    }

    /// Counts classes.
    ///
    /// @throws IllegalArgumentException if the lengths differ, or a weight is negative or not finite
    public void addClasses(int[] targets, int[] predictions, double[] weights) {
        Arguments.sameLength("predictions", targets.length, predictions.length);
        Arguments.weights(targets.length, weights);
        for (int i = 0; i < targets.length; i++) {
            count(targets[i] == predictions[i], weights[i]);
        }
    }

    /// Counts probabilities of yes: right where one lies on the target's side of `threshold`, at which it means no, as in
    /// Keras.
    ///
    /// @param targets N numbers, 0 or 1
    /// @param probabilities N numbers
    /// @param weights N numbers of at least 0
    /// @throws IllegalArgumentException if the lengths differ, a target is neither 0 nor 1, a probability or the threshold
    ///     is NaN or a weight is negative or not finite; nothing is counted then
    public void addBinary(float[] targets, float[] probabilities, double threshold, double[] weights) {
        Arguments.sameLength("probabilities", targets.length, probabilities.length);
        Arguments.weights(targets.length, weights);
        Arguments.notNaN("threshold", 0, threshold);
        for (int i = 0; i < targets.length; i++) {
            if (weights[i] > 0) {
                Arguments.zeroOrOne("targets", i, targets[i]);
                Arguments.notNaN("probabilities", i, probabilities[i]);
            }
        }
        for (int i = 0; i < targets.length; i++) {
            count((probabilities[i] > threshold) == (targets[i] == 1), weights[i]);
        }
    }

    /// [#addBinary(float[], float[], double, double[])] with threshold 1/2 and weights of 1.
    public void addBinary(float[] targets, float[] probabilities) {
        addBinary(targets, probabilities, 0.5, Arguments.ones(targets.length));
    }

    /// Counts scores against the numbers of classes, each of weight 1.
    ///
    /// @throws IllegalArgumentException as [#addSparse(int[], float[], double[])]
    public void addSparse(int[] targets, float[] scores) {
        addSparse(targets, scores, Arguments.ones(targets.length));
    }

    /// Counts scores against the numbers of classes.
    ///
    /// @param targets N classes
    /// @param scores [N,C] probabilities or logits
    /// @param weights N numbers of at least 0; what weighs 0 is not looked at
    /// @throws IllegalArgumentException if the lengths do not fit, a class is unknown, a score is NaN or a weight is
    ///     negative or not finite; nothing is counted then
    public void addSparse(int[] targets, float[] scores, double[] weights) {
        int classes = classes(targets.length, scores);
        Arguments.weights(targets.length, weights);
        for (int i = 0; i < targets.length; i++) {
            if (weights[i] > 0) {
                Arguments.oneOf("targets", i, targets[i], classes);
                notNaN("scores", scores, i * classes, classes);
            }
        }
        for (int i = 0; i < targets.length; i++) {
            if (weights[i] > 0) {
                count(rank(scores, i * classes, classes, targets[i]) < k, weights[i]);
            }
        }
    }

    /// Counts scores against rows of targets, of which the largest tells the class.
    ///
    /// @param classes C
    /// @param targets [N,C] one-hot or probabilities
    /// @param scores [N,C] probabilities or logits
    /// @param weights N numbers of at least 0; what weighs 0 is not looked at
    /// @throws IllegalArgumentException if the lengths do not fit, a number is NaN or a weight is negative or not finite;
    ///     nothing is counted then
    public void addCategorical(int classes, float[] targets, float[] scores, double[] weights) {
        Arguments.atLeastOne("classes", classes);
        if (targets.length % classes != 0) {
            throw new IllegalArgumentException("targets: expected [N,C] = [*,%d], got %d numbers"
                    .formatted(classes, targets.length));
        }
        int examples = targets.length / classes;
        Arguments.sameLength("scores", targets.length, scores.length);
        Arguments.weights(examples, weights);
        int[] numbers = new int[examples];
        for (int i = 0; i < examples; i++) {
            if (weights[i] > 0) {
                notNaN("targets", targets, i * classes, classes);
                for (int c = 1; c < classes; c++) {
                    if (targets[i * classes + c] > targets[i * classes + numbers[i]]) {
                        numbers[i] = c;
                    }
                }
            }
        }
        addSparse(numbers, scores, weights);
    }

    /// Counts all that another has counted.
    ///
    /// @throws IllegalArgumentException if its k is another
    public void merge(Accuracy other) {
        if (other.k != k) {
            throw new IllegalArgumentException("k: expected %d, got %d".formatted(k, other.k));
        }
        right += other.right;
        total += other.total;
    }

    /// The fraction that is right.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double value() {
        Arguments.some("accuracy", total > 0);
        return right / total;
    }

    private void count(boolean isRight, double weight) {
        total += weight;
        if (isRight) {
            right += weight;
        }
    }

    private static int classes(int examples, float[] scores) {
        if (examples == 0 ? scores.length != 0 : scores.length == 0 || scores.length % examples != 0) {
            throw new IllegalArgumentException("scores: expected [N,C] = [%d,*], got %d numbers"
                    .formatted(examples, scores.length));
        }
        return examples == 0 ? 0 : scores.length / examples;
    }

    private static void notNaN(String name, float[] numbers, int from, int count) {
        for (int i = from; i < from + count; i++) {
            Arguments.notNaN(name, i, numbers[i]);
        }
    }

    /// How many classes come before this one.
    private static int rank(float[] scores, int from, int classes, int target) {
        float own = scores[from + target];
        int before = 0;
        for (int c = 0; c < classes; c++) {
            float other = scores[from + c];
            if (other > own || (other == own && c < target)) {
                before++;
            }
        }
        return before;
    }
}
