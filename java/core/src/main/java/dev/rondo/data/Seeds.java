package dev.rondo.data;

import java.nio.charset.StandardCharsets;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// Where random numbers come from: every use has a generator of its own, made from the run's seed, the use's name and a
/// number such as the epoch.
///
/// So nothing depends on the order in which things are drawn, both kernel sets see the same numbers, and a run that is
/// resumed needs to remember no generator's position: the seed and the epoch are the position.
public final class Seeds {
    private static final RandomGeneratorFactory<RandomGenerator> FACTORY = RandomGeneratorFactory.of("L64X128MixRandom");

    private Seeds() {}

    /// The generator of one use.
    ///
    /// @param seed the run's seed
    /// @param use what it is for, such as a parameter's name
    /// @param number which one of a series, such as the epoch
    public static RandomGenerator generator(long seed, String use, long number) {
        return FACTORY.create(mix(seed, use, number));
    }

    /// A seed for one use, independent of those of other uses.
    public static long mix(long seed, String use, long number) {
        long hash = finish(seed + 0x9e3779b97f4a7c15L);
        for (byte b : use.getBytes(StandardCharsets.UTF_8)) {
            hash = finish(hash ^ (b & 0xff));
        }
        return finish(hash ^ finish(number));
    }

    /// Puts the numbers into a random order (Fisher & Yates), with a method of drawing that no Java release changes.
    public static void shuffle(int[] numbers, RandomGenerator random) {
        for (int i = numbers.length - 1; i > 0; i--) {
            int j = (int) Math.unsignedMultiplyHigh(random.nextLong(), i + 1);
            int kept = numbers[i];
            numbers[i] = numbers[j];
            numbers[j] = kept;
        }
    }

    /// The finishing function of SplitMix64 (Steele, Lea & Flood 2014).
    private static long finish(long z) {
        long a = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        long b = (a ^ (a >>> 27)) * 0x94d049bb133111ebL;
        return b ^ (b >>> 31);
    }
}
