package dev.rondo.parity;

import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.kernels.Closeness;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.random.RandomGenerator;

/// One recurrent layer of a kind that ONNX has and PyTorch has not.
///
/// @param directions one or both
/// @param clip what bounds the input of each activation; empty: nothing
/// @param biased with both vectors of biases
/// @param ragged whether sequences have lengths of their own
/// @param states whether initial states are given
/// @param threads that Rondo uses
record CellsCase(
        long seed,
        RecurrentCell cell,
        List<Direction> directions,
        OptionalDouble clip,
        boolean biased,
        int batch,
        int time,
        int input,
        int hidden,
        boolean ragged,
        boolean states,
        int threads) {
    private static final List<RecurrentCell> CELLS =
            List.of(RecurrentCell.GRU_RESET_BEFORE, RecurrentCell.LSTM_PEEPHOLES, RecurrentCell.LSTM);
    private static final List<List<Direction>> DIRECTIONS = List.of(
            List.of(Direction.FORWARD),
            List.of(Direction.REVERSE),
            List.of(Direction.FORWARD, Direction.REVERSE));

    static CellsCase of(long seed) {
        RandomGenerator random = LayersCase.random(seed);
        RecurrentCell cell = CELLS.get(random.nextInt(CELLS.size()));
        boolean clipped = random.nextInt(3) == 0;
        return new CellsCase(
                seed,
                cell,
                DIRECTIONS.get(random.nextInt(DIRECTIONS.size())),
                clipped ? OptionalDouble.of((float) random.nextDouble(0.2, 1.5)) : OptionalDouble.empty(),
                random.nextBoolean(),
                LayersCase.size(random, 17),
                // A clipped cell is a graph of some forty nodes a step.
                LayersCase.size(random, clipped ? 12 : 40),
                LayersCase.size(random, 70),
                LayersCase.size(random, 70),
                random.nextBoolean(),
                random.nextBoolean(),
                1 + random.nextInt(2));
    }

    /// What the case is given, by name, in Rondo's shapes and order of gates; for each direction `forward/weightIh` and
    /// so on. Numbers that float32 holds.
    Map<String, float[]> numbers() {
        RandomGenerator random = LayersCase.random(~seed);
        Map<String, float[]> numbers = new LinkedHashMap<>();
        numbers.put("x", gaussian(random, batch * time * input, 1));
        float[] lengths = new float[batch];
        for (int b = 0; b < batch; b++) {
            lengths[b] = ragged ? 1 + random.nextInt(time) : time;
        }
        numbers.put("lengths", lengths);
        int rows = cell.gates() * hidden;
        for (Direction direction : directions) {
            String name = name(direction);
            double deviation = 1.2 / Math.sqrt(input + hidden);
            numbers.put(name + "/weightIh", gaussian(random, rows * input, deviation));
            numbers.put(name + "/weightHh", gaussian(random, rows * hidden, deviation));
            numbers.put(name + "/biasIh", gaussian(random, rows, 0.4));
            numbers.put(name + "/biasHh", gaussian(random, rows, 0.4));
            numbers.put(name + "/peepholes", gaussian(random, 3 * hidden, 0.7));
            numbers.put(name + "/h0", gaussian(random, batch * hidden, 0.7));
            numbers.put(name + "/c0", gaussian(random, batch * hidden, 0.7));
        }
        return numbers;
    }

    static String name(Direction direction) {
        return switch (direction) {
            case FORWARD -> "forward";
            case REVERSE -> "reverse";
        };
    }

    private static float[] gaussian(RandomGenerator random, int count, double deviation) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (deviation * random.nextGaussian());
        }
        return values;
    }

    /// Both sides compute sums of I + H products in float32, one after another in each step: half of what
    /// [Closeness#ofSums] allows, for the reasons in [LayersCase#closeness].
    Closeness closeness(String name, double[] expected) {
        double largest = Math.max(1, Arrays.stream(expected).map(Math::abs).max().orElse(0));
        return new Closeness(largest * Closeness.ofSums(input + hidden, time).absolute() / 2, 1e-4);
    }

    @Override
    public String toString() {
        return "%s, %s%s, B=%d, T=%d, I=%d, H=%d%s%s%s, %d threads".formatted(
                cell, directions, clip.isPresent() ? ", clip " + clip.getAsDouble() : "", batch, time, input, hidden,
                biased ? ", biases" : "", ragged ? ", ragged" : "", states ? ", initial states" : "", threads);
    }
}
