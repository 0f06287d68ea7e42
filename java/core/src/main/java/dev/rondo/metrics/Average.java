package dev.rondo.metrics;

/// How the scores of several classes become one. As scikit-learn's `average`.
public enum Average {
    /// All decisions counted together: of single-label classes, precision, recall and F1 are all the accuracy.
    MICRO,
    /// Mean over the classes, each counting the same. A class that is neither a target nor predicted is left out.
    MACRO,
    /// Mean over the classes, each counting by the weight of its targets.
    WEIGHTED
}
