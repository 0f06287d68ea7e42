package dev.rondo.plan;

/// Numbers for the symbols of shapes.
///
/// @param batch sequences, at least 1
/// @param time time steps, at least 1
public record Extents(int batch, int time) {
    /// Checks the numbers.
    public Extents {
        if (batch < 1 || time < 1) {
            throw new IllegalArgumentException("extents: expected at least B=1, T=1, got B=" + batch + ", T=" + time);
        }
    }

    /// The numbers of a batch and its time steps.
    public static Extents of(int batch, int time) {
        return new Extents(batch, time);
    }

    /// The larger of both in each.
    public Extents max(Extents other) {
        return new Extents(Math.max(batch, other.batch), Math.max(time, other.time));
    }

    /// True if a run of the given numbers fits.
    public boolean holds(int b, int t) {
        return b <= batch && t <= time;
    }

    @Override
    public String toString() {
        return "B=" + batch + ", T=" + time;
    }
}
