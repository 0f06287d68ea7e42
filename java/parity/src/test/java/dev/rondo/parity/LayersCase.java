package dev.rondo.parity;

import dev.rondo.graph.RecurrentCell;
import dev.rondo.kernels.Closeness;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// Recurrent layers one behind the other, as PyTorch has them: of one kind and size, with the outputs of both
/// directions side by side as the input of the next layer.
///
/// @param biases vectors of them that a cell has
/// @param ragged whether sequences have lengths of their own
/// @param states whether initial states are given
/// @param given what gradients are given of
/// @param threads that Rondo uses
record LayersCase(
        long seed,
        RecurrentCell cell,
        int layers,
        boolean bidirectional,
        int biases,
        int batch,
        int time,
        int input,
        int hidden,
        boolean ragged,
        boolean states,
        Given given,
        int threads) {
    static final List<RecurrentCell> CELLS = List.of(
            RecurrentCell.LSTM, RecurrentCell.GRU_RESET_AFTER, RecurrentCell.RNN_TANH, RecurrentCell.RNN_RELU);

    /// Every tail of 4, 8 and 16 lanes and of 6 rows alone, and where those of several vectors begin and end.
    private static final int[] EDGES = {
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65
    };

    private static final int LARGEST_BATCH = 17;
    private static final int LARGEST_TIME = 40;
    private static final int LARGEST_SIZE = 70;

    /// Results of which gradients are given.
    enum Given {
        OUTPUTS,
        STATES,
        BOTH
    }

    static RandomGenerator random(long seed) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    /// The cell of a seed's case.
    static RecurrentCell cell(long seed) {
        return CELLS.get((int) (seed % CELLS.size()));
    }

    static LayersCase of(long seed) {
        RandomGenerator random = random(seed);
        return new LayersCase(
                seed,
                cell(seed),
                1 + random.nextInt(3),
                random.nextBoolean(),
                random.nextInt(3),
                size(random, LARGEST_BATCH),
                size(random, LARGEST_TIME),
                size(random, LARGEST_SIZE),
                size(random, LARGEST_SIZE),
                random.nextInt(5) < 2,
                random.nextBoolean(),
                Given.values()[random.nextInt(Given.values().length)],
                1 + random.nextInt(2));
    }

    /// 1 to a largest; every other time an edge.
    static int size(RandomGenerator random, int largest) {
        int edge = EDGES[random.nextInt(EDGES.length)];
        return random.nextBoolean() && edge <= largest ? edge : 1 + random.nextInt(largest);
    }

    int directions() {
        return bidirectional ? 2 : 1;
    }

    /// The size of what a layer takes.
    int inputSize(int layer) {
        return layer == 0 ? input : directions() * hidden;
    }

    /// The name of a layer's direction: the state's place in PyTorch's `[layers * directions, B, H]`.
    String part(int index) {
        return "layer" + index / directions() + (index % directions() == 0 ? "" : ".reverse");
    }

    int parts() {
        return layers * directions();
    }

    /// PyTorch computes in double here, so that the error is Rondo's alone: that of sums of I + H products, in weight
    /// gradients of B T, one after another in each of T steps forth and back through each layer. Of what
    /// [Closeness#ofSums] allows for that, a quarter: 4 eps log2 of the terms, for inputs up to 4. The error of a sum
    /// goes by its terms, not by what is left of it, so the absolute part goes by the largest number of a result where
    /// that is above 1; inputs and the gradients given are normally distributed, so that terms are about 1.
    Closeness closeness(String name, double[] expected) {
        double largest = 1;
        for (double number : expected) {
            largest = Math.max(largest, Math.abs(number));
        }
        long terms = inputSize(layers - 1) + input + hidden + (long) batch * time;
        Closeness sums = Closeness.ofSums(terms, layers * (2L * time + 2));
        return new Closeness(largest * sums.absolute() / 4, 1e-4);
    }

    @Override
    public String toString() {
        return "%s, %d layers, %s, %d biases, B=%d, T=%d, I=%d, H=%d%s%s, gradients of %s, %d threads".formatted(
                cell, layers, bidirectional ? "both directions" : "forward", biases, batch, time, input, hidden,
                ragged ? ", ragged" : "", states ? ", initial states" : "", given, threads);
    }
}
