package dev.rondo.kernels;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// Counts the calls in flight on something that can be closed: closing waits for them, later calls are refused. Memory
/// whose address is in a struct is guarded by nothing else. Allocates nothing.
public final class CallGate {
    private static final long CLOSED = Long.MIN_VALUE;
    private static final long POLL_NANOS = 20_000;

    private final String owner;
    private final AtomicLong calls = new AtomicLong();

    /// A gate of an owner, named in the exception.
    public CallGate(String owner) {
        this.owner = owner;
    }

    /// Begins a call, which [#exit] ends.
    ///
    /// @throws IllegalStateException if the owner is closed
    public void enter() {
        if (calls.incrementAndGet() < 0) {
            calls.decrementAndGet();
            throw new IllegalStateException(owner + " is closed");
        }
    }

    /// Ends a call.
    public void exit() {
        calls.decrementAndGet();
    }

    /// Refuses calls from now on and waits for those in flight.
    ///
    /// @return true for the one call that closed the gate
    public boolean close() {
        long count;
        do {
            count = calls.get();
            if (count < 0) {
                return false;
            }
        } while (!calls.compareAndSet(count, count | CLOSED));
        while (calls.get() != CLOSED) {
            LockSupport.parkNanos(POLL_NANOS);
        }
        return true;
    }

    /// True once closing has begun.
    public boolean isClosed() {
        return calls.get() < 0;
    }
}
