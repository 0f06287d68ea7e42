package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SeedsTest {
    @Test
    void usesNumbersAndSeedsHaveTheirOwn() {
        Set<Long> seeds = new HashSet<>();
        for (long seed = 0; seed < 10; seed++) {
            for (String use : new String[] {"", "a", "b", "ab", "ba", "lstm/weightIh", "lstm/weightHh"}) {
                for (long number = 0; number < 10; number++) {
                    seeds.add(Seeds.mix(seed, use, number));
                }
            }
        }
        assertEquals(10 * 7 * 10, seeds.size());
    }

    @Test
    void shuffleKeepsEveryNumberAndMovesThem() {
        int[] numbers = IntStream.range(0, 1000).toArray();
        int[] sorted = numbers.clone();
        Seeds.shuffle(numbers, Seeds.generator(1, "shuffle", 1));
        assertNotEquals(Arrays.toString(sorted), Arrays.toString(numbers));
        int[] again = sorted.clone();
        Seeds.shuffle(again, Seeds.generator(1, "shuffle", 1));
        assertArrayEquals(numbers, again);
        Arrays.sort(numbers);
        assertArrayEquals(sorted, numbers);
    }

    @Test
    void everyOrderOfThreeIsAboutEquallyLikely() {
        int[] counts = new int[6];
        for (int trial = 0; trial < 6000; trial++) {
            int[] numbers = {0, 1, 2};
            Seeds.shuffle(numbers, Seeds.generator(7, "order", trial));
            counts[numbers[0] * 2 + (numbers[1] > numbers[2] ? 1 : 0)]++;
        }
        for (int count : counts) {
            // Binomial with n = 6000, p = 1/6: deviation 29; five of them.
            assertEquals(1000, count, 145);
        }
    }
}
