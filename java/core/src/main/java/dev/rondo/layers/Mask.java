package dev.rondo.layers;

/// Where a layer takes steps for padding: see [Masking] and [Embedding#maskZero].
public enum Mask {
    /// Nowhere.
    NONE,
    /// Behind the last real step of a sequence. Padding before a real step fails the run.
    TRAILING,
    /// Wherever it is. Real steps move together, over the holes between them.
    ANYWHERE
}
