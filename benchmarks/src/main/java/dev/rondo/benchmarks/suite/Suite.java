package dev.rondo.benchmarks.suite;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// What can be asked for by name.
enum Suite {
    /// Recurrent layers alone.
    KERNELS("a layer alone: S1-S4, M1-M4, ST64, ST256; LSTM and GRU; inference and training"),
    /// Whole networks.
    MODELS("training steps and inference of whole networks, in tokens/s"),
    /// Single steps from Java.
    LATENCY("one step from Java: p50, p99, p99.9; 1 to 8 calling threads at once"),
    /// Sequences that end early.
    LENGTHS("M2 with lengths uniform in 1..T: what a real token costs beside a dense one"),
    /// The boundary between Java and C++.
    CALLS("the same kernels from Java and from C++; JMH's benchmarks of calls and sessions"),
    /// From nothing to the first prediction.
    STARTUP("start of the JVM to the first prediction, load of the library, heap and resident memory"),
    /// One after another.
    ALL("all of them");

    private final String description;

    Suite(String description) {
        this.description = description;
    }

    String description() {
        return description;
    }

    /// As on the command line and in results.
    String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The suites that this one stands for.
    List<Suite> parts() {
        return this == ALL
                ? Arrays.stream(values()).filter(suite -> suite != ALL).toList()
                : List.of(this);
    }
}
