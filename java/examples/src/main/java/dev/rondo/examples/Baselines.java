package dev.rondo.examples;

import java.util.Arrays;

/// What does without a network.
final class Baselines {
    private Baselines() {}

    /// The share of the test labels that are the most frequent one of the training labels; of several the least.
    static double majority(int[] training, int[] test) {
        int[] counts = new int[Arrays.stream(training).max().orElseThrow() + 1];
        for (int label : training) {
            counts[label]++;
        }
        int most = 0;
        for (int label = 1; label < counts.length; label++) {
            most = counts[label] > counts[most] ? label : most;
        }
        int majority = most;
        return Arrays.stream(test).filter(label -> label == majority).count() / (double) test.length;
    }

    /// Mean of -log p, in nats, over the ids of a text but the first, if each is expected as often as in the training
    /// text, with one added to each count.
    ///
    /// @param size number of ids
    static double unigram(int[] training, int[] text, int size) {
        double[] counts = new double[size];
        Arrays.fill(counts, 1);
        for (int id : training) {
            counts[id]++;
        }
        double nats = 0;
        for (int i = 1; i < text.length; i++) {
            nats -= Math.log(counts[text[i]] / ((double) training.length + size));
        }
        return nats / (text.length - 1);
    }
}
