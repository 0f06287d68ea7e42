package dev.rondo.data;

/// How much each class is to count in a loss, where some have fewer examples than others.
public final class ClassWeights {
    private ClassWeights() {}

    /// Weights that make all classes count alike: `w[c] = N / (C n[c])`, for `n[c]` of N examples in class c of C (King &
    /// Zeng 2001; what scikit-learn calls balanced). Their mean over the examples is 1.
    ///
    /// @param labels the class of each example, in `0..classes-1`
    /// @param classes C
    /// @return `[C]`
    /// @throws IllegalArgumentException if a label is out of range or a class has no example
    public static float[] balanced(int[] labels, int classes) {
        if (classes < 1) {
            throw new IllegalArgumentException("classes: expected at least 1, got " + classes);
        }
        long[] counts = new long[classes];
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new IllegalArgumentException(
                        "labels[%d]: expected 0..%d, got %d".formatted(i, classes - 1, labels[i]));
            }
            counts[labels[i]]++;
        }
        float[] weights = new float[classes];
        for (int c = 0; c < classes; c++) {
            if (counts[c] == 0) {
                throw new IllegalArgumentException(
                        "labels: expected each of %d classes, got none of class %d".formatted(classes, c));
            }
            weights[c] = (float) ((double) labels.length / ((double) classes * counts[c]));
        }
        return weights;
    }
}
