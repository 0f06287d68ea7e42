package dev.rondo.kernels.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

/// The known answers for Philox4x32-10 that its authors publish with Random123: counter, key, result.
class PhiloxTest {
    private static void check(int[] counter, long key, int[] expected) {
        Philox.block(counter, key);
        assertArrayEquals(expected, counter);
    }

    @Test
    void zeros() {
        check(new int[4], 0, new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    }

    @Test
    void ones() {
        check(new int[] {-1, -1, -1, -1}, -1, new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    }

    @Test
    void digitsOfPi() {
        check(new int[] {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822L,
                new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
    }
}
