package dev.rondo.kernels;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// Lets one call at a time into something that can be closed: a second one is refused, closing waits for the one in
/// flight, later calls are refused. Memory whose address is in a struct is guarded by nothing else. Allocates nothing.
public final class SoleGate {
    // Two bits: what is closed may still be busy.
    private static final int IDLE = 0;
    private static final int BUSY = 1;
    private static final int CLOSED = 2;
    private static final long POLL_NANOS = 20_000;

    private final String owner;
    private final AtomicInteger state = new AtomicInteger(IDLE);

    /// A gate of an owner, named in the exceptions.
    public SoleGate(String owner) {
        this.owner = owner;
    }

    /// Begins a call, which [#exit] ends.
    ///
    /// @throws IllegalStateException if the owner is closed or a call is in flight
    public void enter() {
        if (!state.compareAndSet(IDLE, BUSY)) {
            throw new IllegalStateException(
                    owner + ((state.get() & CLOSED) != 0 ? " is closed" : " is in use by another thread"));
        }
    }

    /// Ends a call.
    public void exit() {
        state.addAndGet(-BUSY);
    }

    /// Refuses calls from now on and waits for the one in flight.
    ///
    /// @return true for the one call that closed the gate
    public boolean close() {
        int before;
        do {
            before = state.get();
            if ((before & CLOSED) != 0) {
                return false;
            }
        } while (!state.compareAndSet(before, before | CLOSED));
        while ((state.get() & BUSY) != 0) {
            LockSupport.parkNanos(POLL_NANOS);
        }
        return true;
    }
}
