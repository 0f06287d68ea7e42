package dev.rondo.inference;

import java.util.function.Supplier;

/// A bounded number of plans, made when they are first needed and used again, the last one first. Belongs to no thread.
final class PlanPool implements AutoCloseable {
    private final Supplier<CallPlan> maker;
    private final CallPlan[] idle;
    private int idleCount;
    private int made;

    PlanPool(int limit, Supplier<CallPlan> maker) {
        this.maker = maker;
        this.idle = new CallPlan[limit];
    }

    /// A plan for one call, to be given back. Waits while all are in use; an interrupt is kept for the caller.
    CallPlan take() {
        synchronized (this) {
            boolean interrupted = false;
            while (idleCount == 0 && made == idle.length) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            if (idleCount > 0) {
                return idle[--idleCount];
            }
            made++;
        }
        try {
            return maker.get();
        } catch (RuntimeException | Error e) {
            synchronized (this) {
                made--;
                notify();
            }
            throw e;
        }
    }

    /// Gives a plan back.
    synchronized void give(CallPlan plan) {
        idle[idleCount++] = plan;
        notify();
    }

    /// Frees the plans, none of which may be in use.
    @Override
    public synchronized void close() {
        while (idleCount > 0) {
            idle[--idleCount].close();
        }
    }
}
