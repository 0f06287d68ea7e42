package dev.rondo.inference;

import dev.rondo.plan.Engine;

/// How a model is served.
///
/// @param engine the kernels and threads that a call runs on
/// @param plans how many calls run at the same time at most, each with memory of its own; further ones wait
public record Serving(Engine.Options engine, int plans) {
    public Serving {
        if (plans < 1) {
            throw new IllegalArgumentException("plans: expected at least 1, got " + plans);
        }
    }

    /// Each call on its caller's thread, as many at a time as there are processors.
    public static Serving standard() {
        return new Serving(Engine.inference(), Runtime.getRuntime().availableProcessors());
    }

    /// On other kernels or more threads a call.
    public Serving engine(Engine.Options engine) {
        return new Serving(engine, plans);
    }

    /// With another number of calls at the same time.
    public Serving plans(int plans) {
        return new Serving(engine, plans);
    }
}
