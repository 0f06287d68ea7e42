package dev.rondo.benchmarks.peer;

/// A library to be measured. Everything happens on one thread, unless latency is asked for: then each of some threads
/// opens, runs and closes a run of its own, all at once.
public interface Peer {
    /// The name it is asked for by, in lower case.
    String name();

    /// The library's version.
    String version();

    /// Makes a workload ready: reads its inputs, prepares weights and memory. Runs of other numbers of threads may have
    /// been opened and closed before.
    ///
    /// @throws UnsupportedWorkloadException if the library cannot do it
    Run open(Workload workload) throws UnsupportedWorkloadException;
}
