package dev.rondo.text;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/// Learns byte pairs (Gage 1994; Sennrich, Haddow & Birch 2016, on bytes as Radford et al. 2019): each piece of a text
/// is its bytes at first; the pair of tokens that stands side by side most often becomes a token of its own, and so on.
/// Of pairs as frequent as one another the one whose tokens have the smaller ids goes first, so the same counts give
/// the same tokens everywhere.
///
/// A merge changes the counts of the pairs around it only, so counts are kept up rather than made anew, and candidates
/// lie in a queue that may hold outdated ones, which are dropped when they come up.
final class BytePairs {
    private static final int BYTES = 256;

    private final List<byte[]> tokens = new ArrayList<>();
    private final Map<ByteBuffer, Integer> ids = new HashMap<>();
    private final List<int[]> pieces = new ArrayList<>();
    private final List<Long> pieceCounts = new ArrayList<>();
    /// By pair, the ids of its two tokens in one number.
    private final Map<Long, Long> counts = new HashMap<>();
    /// Pieces in which a pair is or was.
    private final Map<Long, Set<Integer>> places = new HashMap<>();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>(
            Comparator.comparingLong(Candidate::count).reversed().thenComparingLong(Candidate::pair));

    private record Candidate(long pair, long count) {}

    private BytePairs(Map<String, long[]> texts) {
        for (int b = 0; b < BYTES; b++) {
            add(new byte[] {(byte) b});
        }
        texts.forEach((text, count) -> {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            int[] piece = new int[bytes.length];
            for (int i = 0; i < piece.length; i++) {
                piece[i] = bytes[i] & 0xff;
            }
            pieces.add(piece);
            pieceCounts.add(count[0]);
            count(pieces.size() - 1, count[0], new HashSet<>());
        });
        counts.forEach((pair, count) -> queue.add(new Candidate(pair, count)));
    }

    /// The tokens of some pieces of text.
    ///
    /// @param texts how often each piece occurs
    /// @param size number of tokens at most, 256 or more
    /// @param smallestCount how often a pair must occur to become a token
    /// @return first the 256 bytes, then what was merged, in that order
    static List<byte[]> learn(Map<String, long[]> texts, int size, long smallestCount) {
        BytePairs pairs = new BytePairs(texts);
        while (pairs.tokens.size() < size && !pairs.queue.isEmpty()) {
            Candidate best = pairs.queue.remove();
            if (best.count() < smallestCount) {
                break;
            }
            if (pairs.counts.getOrDefault(best.pair(), 0L) == best.count()) {
                pairs.merge(best.pair());
            }
        }
        return pairs.tokens;
    }

    private int add(byte[] token) {
        tokens.add(token);
        ids.put(ByteBuffer.wrap(token), tokens.size() - 1);
        return tokens.size() - 1;
    }

    private static int first(long pair) {
        return (int) (pair >>> Integer.SIZE);
    }

    private static int second(long pair) {
        return (int) pair;
    }

    private static long pair(int first, int second) {
        return (long) first << Integer.SIZE | second;
    }

    private void merge(long pair) {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(tokens.get(first(pair)));
        both.writeBytes(tokens.get(second(pair)));
        // The same bytes may be there already, cut otherwise.
        Integer known = ids.get(ByteBuffer.wrap(both.toByteArray()));
        int id = known == null ? add(both.toByteArray()) : known;
        Set<Long> changed = new HashSet<>();
        for (int place : places.getOrDefault(pair, Set.of())) {
            int[] merged = merged(pieces.get(place), pair, id);
            if (merged.length < pieces.get(place).length) {
                count(place, -pieceCounts.get(place), changed);
                pieces.set(place, merged);
                count(place, pieceCounts.get(place), changed);
            }
        }
        places.remove(pair);
        for (long other : changed) {
            long count = counts.getOrDefault(other, 0L);
            if (count == 0) {
                counts.remove(other);
            } else {
                queue.add(new Candidate(other, count));
            }
        }
    }

    private static int[] merged(int[] piece, long pair, int id) {
        int[] merged = new int[piece.length];
        int length = 0;
        for (int i = 0; i < piece.length; i++) {
            boolean here = i + 1 < piece.length && pair(piece[i], piece[i + 1]) == pair;
            merged[length++] = here ? id : piece[i];
            i += here ? 1 : 0;
        }
        return Arrays.copyOf(merged, length);
    }

    /// Counts the pairs of a piece.
    ///
    /// @param times how often the piece occurs, or less that where it is to go
    /// @param changed gets its pairs
    private void count(int place, long times, Set<Long> changed) {
        int[] piece = pieces.get(place);
        for (int i = 1; i < piece.length; i++) {
            long pair = pair(piece[i - 1], piece[i]);
            counts.merge(pair, times, Long::sum);
            places.computeIfAbsent(pair, _ -> new HashSet<>()).add(place);
            changed.add(pair);
        }
    }
}
