package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// A vector for each id: `y = weight[id]`.
///
/// Takes int32 `[B,T]` (or `[B]`), gives float32 `[B,T,outputSize]` (or `[B,outputSize]`). Its parameter is `weight`
/// `[vocabularySize, outputSize]`.
///
/// @param name of its parameters' path; empty: `embedding`
/// @param vocabularySize how many ids there are: `0..vocabularySize-1`
/// @param outputSize length of a vector
/// @param weights how `weight` begins
public record Embedding(String name, int vocabularySize, int outputSize, Initializer weights) implements UnaryLayer {
    public Embedding {
        Settings.name("Embedding", name);
        Settings.atLeastOne("Embedding: vocabularySize", vocabularySize);
        Settings.atLeastOne("Embedding: outputSize", outputSize);
    }

    /// With Keras's first values: uniform within ±0.05.
    public static Embedding of(int vocabularySize, int outputSize) {
        return new Embedding("", vocabularySize, outputSize, Initializer.uniform(-0.05, 0.05));
    }

    /// With other first values.
    public Embedding weights(Initializer weights) {
        return new Embedding(name, vocabularySize, outputSize, weights);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.INT32) {
            throw scope.wrong("ids, INT32 [B,T] or [B]", x);
        }
        return scope.graph().gather(scope.path(), scope.matrix("weight", weights, vocabularySize, outputSize), x);
    }

    @Override
    public Embedding named(String name) {
        return new Embedding(name, vocabularySize, outputSize, weights);
    }
}
