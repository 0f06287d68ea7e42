package dev.rondo.kernels.reference;

/// The counter-based random generator Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as
/// easy as 1, 2, 3"): a function of a counter of four words and a key of two, without state. The constants are those of
/// the paper.
final class Philox {
    private static final int ROUNDS = 10;
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final long LOW_WORD = 0xFFFFFFFFL;

    private Philox() {}

    /// Turns the counter into four random words, in place.
    static void block(int[] counter, long key) {
        int c0 = counter[0];
        int c1 = counter[1];
        int c2 = counter[2];
        int c3 = counter[3];
        int k0 = (int) key;
        int k1 = (int) (key >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = MULTIPLIER_0 * (c0 & LOW_WORD);
            long product1 = MULTIPLIER_1 * (c2 & LOW_WORD);
            c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            c1 = (int) product1;
            c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c3 = (int) product0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        counter[0] = c0;
        counter[1] = c1;
        counter[2] = c2;
        counter[3] = c3;
    }
}
