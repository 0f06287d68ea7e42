package dev.rondo.benchmarks.peer;

import java.util.Map;

/// A workload made ready. [#run] alone is timed: whatever a user has to do for each call belongs into it, and nothing
/// else.
public interface Run extends AutoCloseable {
    /// One call.
    void run();

    /// What the first calls of a fresh run came to, by name of the file without its ending: as many calls as
    /// [Workload#checkedCalls] says, each of which left its part where this finds it. Asked for once, before any
    /// further call.
    Map<String, float[]> results();

    /// Frees what the run holds.
    @Override
    void close();
}
