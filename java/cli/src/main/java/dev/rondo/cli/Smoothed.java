package dev.rondo.cli;

/// A mean in which a number's share halves with every 14 that follow: calm enough to read while training.
final class Smoothed {
    private static final double KEEP = 0.95;

    private double sum;
    private double weight;

    /// Adds a number and gives the mean.
    double add(double number) {
        sum = KEEP * sum + (1 - KEEP) * number;
        weight = KEEP * weight + (1 - KEEP);
        return sum / weight;
    }
}
