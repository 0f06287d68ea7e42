package dev.rondo.metrics;

/// How often each class was taken for each, and what follows: accuracy, precision, recall, F1, Cohen's kappa and
/// Matthews's correlation.
///
/// With `n[t][p]` the weight of the examples of class t that were predicted as p: `precision(c) = n[c][c] / sum_t n[t][c]`,
/// `recall(c) = n[c][c] / sum_p n[c][p]` and `F(c) = (1 + b^2) P R / (b^2 P + R)` (van Rijsbergen 1979). A quotient of
/// 0 by 0 is 0, as in scikit-learn with `zero_division=0`. For two classes, those of class 1 are the binary scores.
///
/// For use by one thread at a time.
public final class ConfusionMatrix {
    private final int classes;
    private final double[] counts;

    /// Of nothing yet.
    ///
    /// @throws IllegalArgumentException if there is not at least one class
    public ConfusionMatrix(int classes) {
        Arguments.atLeastOne("classes", classes);
        this.classes = classes;
        counts = new double[Math.multiplyExact(classes, classes)];
    }

    /// Number of classes.
    public int classes() {
        return classes;
    }

    /// Counts examples, each of weight 1.
    ///
    /// @param targets N classes
    /// @param predictions N classes
    /// @throws IllegalArgumentException if the lengths differ or a class is unknown; nothing is counted then
    public void add(int[] targets, int[] predictions) {
        add(targets, predictions, Arguments.ones(targets.length));
    }

    /// Counts examples.
    ///
    /// @param targets N classes
    /// @param predictions N classes
    /// @param weights N numbers of at least 0; what weighs 0 is not looked at, see [Weights]
    /// @throws IllegalArgumentException if the lengths differ, a class is unknown or a weight is negative or not finite;
    ///     nothing is counted then
    public void add(int[] targets, int[] predictions, double[] weights) {
        Arguments.sameLength("predictions", targets.length, predictions.length);
        Arguments.weights(targets.length, weights);
        for (int i = 0; i < targets.length; i++) {
            if (weights[i] > 0) {
                Arguments.oneOf("targets", i, targets[i], classes);
                Arguments.oneOf("predictions", i, predictions[i], classes);
            }
        }
        for (int i = 0; i < targets.length; i++) {
            if (weights[i] > 0) {
                counts[targets[i] * classes + predictions[i]] += weights[i];
            }
        }
    }

    /// Counts all that another has counted.
    ///
    /// @throws IllegalArgumentException if it has another number of classes
    public void merge(ConfusionMatrix other) {
        Arguments.sameLength("classes", classes, other.classes);
        for (int i = 0; i < counts.length; i++) {
            counts[i] += other.counts[i];
        }
    }

    /// Weight of the examples of class `target` that were predicted as `prediction`.
    ///
    /// @throws IllegalArgumentException if one is unknown
    public double count(int target, int prediction) {
        Arguments.oneOf("target", 0, target, classes);
        Arguments.oneOf("prediction", 0, prediction, classes);
        return counts[target * classes + prediction];
    }

    /// Weight of all examples.
    public double total() {
        double total = 0;
        for (double count : counts) {
            total += count;
        }
        return total;
    }

    /// Weight of the examples of a class.
    ///
    /// @throws IllegalArgumentException if it is unknown
    public double support(int target) {
        double sum = 0;
        for (int p = 0; p < classes; p++) {
            sum += count(target, p);
        }
        return sum;
    }

    /// Weight of the examples that were predicted as a class.
    ///
    /// @throws IllegalArgumentException if it is unknown
    public double predicted(int prediction) {
        double sum = 0;
        for (int t = 0; t < classes; t++) {
            sum += count(t, prediction);
        }
        return sum;
    }

    /// The fraction that is right.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double accuracy() {
        double total = someTotal("accuracy");
        return trace() / total;
    }

    /// Of what was predicted as this class, the fraction that is of it.
    ///
    /// @throws IllegalArgumentException if the class is unknown
    public double precision(int of) {
        return quotient(count(of, of), predicted(of));
    }

    /// Of what is of this class, the fraction that was predicted so.
    ///
    /// @throws IllegalArgumentException if the class is unknown
    public double recall(int of) {
        return quotient(count(of, of), support(of));
    }

    /// Harmonic mean of precision and recall of a class.
    ///
    /// @throws IllegalArgumentException if the class is unknown
    public double f1(int of) {
        return fBeta(of, 1);
    }

    /// F of a class, where recall weighs `beta` times as much as precision.
    ///
    /// @throws IllegalArgumentException if the class is unknown or beta is not above 0 and finite
    public double fBeta(int of, double beta) {
        if (!(beta > 0 && beta < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("beta: expected a finite number above 0, got " + beta);
        }
        double precision = precision(of);
        double recall = recall(of);
        return quotient((1 + beta * beta) * precision * recall, beta * beta * precision + recall);
    }

    /// Precision of all classes.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double precision(Average average) {
        return average(average, this::precision);
    }

    /// Recall of all classes.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double recall(Average average) {
        return average(average, this::recall);
    }

    /// F1 of all classes; with MACRO the mean of the classes' F1, not the F1 of the means.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double f1(Average average) {
        return average(average, this::f1);
    }

    /// Agreement beyond chance, `(p_o - p_e) / (1 - p_e)` (Cohen 1960); 0 where targets and predictions are all of one
    /// class.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double kappa() {
        double total = someTotal("kappa");
        double chance = 0;
        for (int c = 0; c < classes; c++) {
            chance += support(c) / total * (predicted(c) / total);
        }
        return quotient(trace() / total - chance, 1 - chance);
    }

    /// Matthews's correlation for any number of classes (Gorodkin 2004, R_K); 0 where targets or predictions are all of
    /// one class.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double matthews() {
        double total = someTotal("matthews");
        double cross = 0;
        double targets = 0;
        double predictions = 0;
        for (int c = 0; c < classes; c++) {
            cross += support(c) * predicted(c);
            targets += support(c) * support(c);
            predictions += predicted(c) * predicted(c);
        }
        double square = total * total;
        return quotient(trace() * total - cross, Math.sqrt(square - predictions) * Math.sqrt(square - targets));
    }

    private double average(Average average, java.util.function.IntToDoubleFunction score) {
        double total = someTotal("scores");
        return switch (average) {
            case MICRO -> trace() / total;
            case MACRO -> {
                double sum = 0;
                int present = 0;
                for (int c = 0; c < classes; c++) {
                    if (support(c) > 0 || predicted(c) > 0) {
                        sum += score.applyAsDouble(c);
                        present++;
                    }
                }
                yield sum / present;
            }
            case WEIGHTED -> {
                double sum = 0;
                for (int c = 0; c < classes; c++) {
                    sum += score.applyAsDouble(c) * support(c);
                }
                yield sum / total;
            }
        };
    }

    private double someTotal(String what) {
        double total = total();
        Arguments.some(what, total > 0);
        return total;
    }

    private double trace() {
        double sum = 0;
        for (int c = 0; c < classes; c++) {
            sum += counts[c * classes + c];
        }
        return sum;
    }

    static double quotient(double part, double whole) {
        return whole == 0 ? 0 : part / whole;
    }
}
