package dev.rondo.benchmarks.suite;

/// What ends an implementation's process before its time: it cannot be started, hangs, or is gone. The message says
/// which, in words for a table's foot.
final class PeerException extends Exception {
    private static final long serialVersionUID = 1;

    private final String reason;

    PeerException(String reason) {
        super(reason);
        this.reason = reason;
    }

    /// The message.
    String reason() {
        return reason;
    }
}
