package dev.rondo.kernels.reference;

/// Sums of numbers that are given by their logarithms; the logarithm of zero is minus infinity.
final class LogSpace {
    static final double ZERO = Double.NEGATIVE_INFINITY;

    private LogSpace() {}

    /// log(exp a + exp b).
    static double add(double a, double b) {
        double top = Math.max(a, b);
        return top == ZERO ? ZERO : top + Math.log1p(Math.exp(Math.min(a, b) - top));
    }

    /// The logarithm of the sum of the first n.
    static double sum(double[] logarithms, int n) {
        double top = ZERO;
        for (int i = 0; i < n; i++) {
            top = Math.max(top, logarithms[i]);
        }
        if (top == ZERO) {
            return ZERO;
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += Math.exp(logarithms[i] - top);
        }
        return top + Math.log(sum);
    }
}
