package dev.rondo.benchmarks.peer;

/// What a library cannot do, with the reason.
public final class UnsupportedWorkloadException extends Exception {
    private static final long serialVersionUID = 1;

    /// With the reason, for whoever reads the table.
    public UnsupportedWorkloadException(String reason) {
        super(reason);
    }
}
