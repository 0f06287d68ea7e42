package dev.rondo.training;

/// Selects some of a model's parameters.
@FunctionalInterface
public interface ParameterFilter {
    /// Whether a parameter is one of them.
    ///
    /// @param path such as `lstm/weightIh`
    boolean selects(String path);
}
