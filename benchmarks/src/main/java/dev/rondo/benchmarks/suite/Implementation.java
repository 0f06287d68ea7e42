package dev.rondo.benchmarks.suite;

import java.util.List;
import java.util.Map;

/// Who does the work, and how its process is started.
///
/// @param name as in tables
/// @param isa the instruction set of Rondo's kernels; of others `own`, since they choose for themselves
/// @param command program and arguments
/// @param environment what is set beside what the harness itself was started with
record Implementation(String name, String isa, List<String> command, Map<String, String> environment) {
    /// Of implementations that choose an instruction set for themselves.
    static final String OWN_ISA = "own";

    Implementation {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
    }

    /// Whether it is Rondo, on whatever instruction set.
    boolean isRondo() {
        return isRondo(name);
    }

    /// Whether a name in results is Rondo's from Java.
    static boolean isRondo(String name) {
        return name.equals("rondo") || name.startsWith("rondo-") && !name.equals(RONDO_CPP);
    }

    /// The same kernels called from C++: Rondo without Java.
    static final String RONDO_CPP = "rondo-cpp";
}
