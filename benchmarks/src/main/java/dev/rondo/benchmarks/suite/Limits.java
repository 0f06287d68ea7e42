package dev.rondo.benchmarks.suite;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What the machine can do at most, measured by a program of its own in every round: peaks of arithmetic in GFLOP/s
/// (GOP/s), and bandwidth of reading in GB/s by the size of what each thread reads over and over.
///
/// @param entries one for each quantity, number of threads and size
record Limits(List<Entry> entries) {
    /// How the names of peaks of float32 multiply-adds begin, one for each width of registers.
    static final String FMA = "fma.";
    /// How the names of bandwidths begin; the bytes each thread reads follow.
    static final String READ = "read.";

    private static final Pattern SIZE = Pattern.compile("read\\.(\\d+)(B|KiB|MiB|GiB)?");

    Limits {
        entries = List.copyOf(entries);
    }

    /// One quantity.
    ///
    /// @param what its name
    /// @param threads how many worked at once
    /// @param median over the rounds
    /// @param min the least of the rounds
    /// @param max the most of them
    /// @param unit of the three
    record Entry(String what, int threads, double median, double min, double max, String unit) {}

    /// One line of the program.
    record Reading(String what, int threads, double value, String unit) {
        /// From `limit`, what, threads, value, unit.
        ///
        /// @throws IllegalArgumentException if it is no such line
        static Reading parse(String line) {
            String[] fields = line.split("\t", -1);
            if (fields.length != 5 || !fields[0].equals("limit")) {
                throw new IllegalArgumentException("limits: expected 'limit', what, threads, value, unit, got '"
                        + line.replace('\t', ' ') + "'");
            }
            return new Reading(fields[1], Integer.parseInt(fields[2]), Double.parseDouble(fields[3]), fields[4]);
        }
    }

    /// Of all rounds together.
    static Limits of(Collection<Reading> readings) {
        List<Entry> entries = new ArrayList<>();
        readings.stream()
                .map(reading -> List.of(reading.what, reading.threads, reading.unit))
                .distinct()
                .forEach(key -> {
                    double[] values = readings.stream()
                            .filter(reading -> List.of(reading.what, reading.threads, reading.unit).equals(key))
                            .mapToDouble(Reading::value)
                            .sorted()
                            .toArray();
                    entries.add(new Entry((String) key.get(0), (Integer) key.get(1), Statistics.median(values),
                            values[0], values[values.length - 1], (String) key.get(2)));
                });
        return new Limits(entries);
    }

    /// The peak of float32 multiply-adds in GFLOP/s on whatever registers; empty if it was not measured.
    OptionalDouble peak(int threads) {
        return entries.stream()
                .filter(entry -> entry.what.startsWith(FMA))
                .map(Entry::what)
                .distinct()
                .flatMapToDouble(what -> value(what, threads).stream())
                .max();
    }

    /// How fast threads together read what lies in `bytes` split evenly among them, over and over, in GB/s: between two
    /// sizes measured by the logarithm of the size; beyond the ends that of the end.
    OptionalDouble read(int threads, double bytes) {
        NavigableMap<Double, Double> bySize = new TreeMap<>();
        entries.stream()
                .map(Entry::what)
                .filter(what -> what.startsWith(READ))
                .distinct()
                .forEach(what -> value(what, threads).ifPresent(value -> bySize.put(size(what), value)));
        double each = bytes / threads;
        Map.Entry<Double, Double> below = bySize.floorEntry(each);
        Map.Entry<Double, Double> above = bySize.ceilingEntry(each);
        if (below == null || above == null) {
            return Stream.of(bySize.firstEntry(), bySize.lastEntry())
                    .filter(Objects::nonNull)
                    .mapToDouble(Map.Entry::getValue)
                    .reduce((first, last) -> below == null ? first : last);
        }
        double span = Math.log(above.getKey() / below.getKey());
        double share = span == 0 ? 0 : Math.log(each / below.getKey()) / span;
        return OptionalDouble.of(below.getValue() + share * (above.getValue() - below.getValue()));
    }

    /// For a number of threads that was not measured, as many times one thread's, but no more than the most of more.
    private OptionalDouble value(String what, int threads) {
        NavigableMap<Integer, Double> byThreads = new TreeMap<>();
        entries.stream()
                .filter(entry -> entry.what.equals(what))
                .forEach(entry -> byThreads.put(entry.threads, entry.median));
        Map.Entry<Integer, Double> fewer = byThreads.floorEntry(threads);
        Map.Entry<Integer, Double> more = byThreads.ceilingEntry(threads);
        if (fewer == null) {
            return OptionalDouble.empty();
        }
        double scaled = fewer.getValue() * threads / fewer.getKey();
        return OptionalDouble.of(more == null ? fewer.getValue() : Math.min(scaled, more.getValue()));
    }

    /// The bytes in the name of a bandwidth.
    static double size(String what) {
        Matcher matcher = SIZE.matcher(what);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("limits: expected read.<number><unit>, got " + what);
        }
        double unit = switch (matcher.group(2)) {
            case "KiB" -> 1024;
            case "MiB" -> 1024 * 1024;
            case "GiB" -> 1024 * 1024 * 1024;
            case null, default -> 1;
        };
        return Double.parseDouble(matcher.group(1)) * unit;
    }
}
