package dev.rondo.layers;

import dev.rondo.data.WordVectors;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;

/// A vector for each id: `y = weight[id]`.
///
/// Takes int32 `[B,T]` (or `[B]`), gives float32 `[B,T,outputSize]` (or `[B,outputSize]`). Its parameter is `weight`
/// `[vocabularySize, outputSize]`.
///
/// ```java
/// Embedding.pretrained(WordVectors.read(file, Format.GLOVE, vocabulary, Missing.zeros())).frozen().maskZero()
/// ```
///
/// @param name of its parameters' path; empty: `embedding`
/// @param vocabularySize how many ids there are: `0..vocabularySize-1`
/// @param outputSize length of a vector
/// @param weights how `weight` begins
/// @param mask where the id 0 is padding, see [#maskZero]
/// @param learning whether `weight` is trained
public record Embedding(
        String name, int vocabularySize, int outputSize, Initializer weights, Mask mask, Learning learning)
        implements UnaryLayer {
    /// Whether a parameter is trained.
    public enum Learning {
        /// By the optimizer.
        TRAINED,
        /// It stays as it begins.
        FROZEN
    }

    public Embedding {
        Settings.name("Embedding", name);
        Settings.atLeastOne("Embedding: vocabularySize", vocabularySize);
        Settings.atLeastOne("Embedding: outputSize", outputSize);
    }

    /// With Keras's first values: uniform within ±0.05.
    public static Embedding of(int vocabularySize, int outputSize) {
        return new Embedding(
                "", vocabularySize, outputSize, Initializer.uniform(-0.05, 0.05), Mask.NONE, Learning.TRAINED);
    }

    /// Beginning with the vectors of words, by their ids.
    public static Embedding pretrained(WordVectors vectors) {
        return pretrained(vectors.matrix());
    }

    /// Beginning with given vectors. The numbers are copied; a file of the model holds them as the parameter's only.
    ///
    /// @param vectors float32 `[vocabularySize,outputSize]`, finite
    /// @throws IllegalArgumentException if it is no such matrix
    public static Embedding pretrained(Tensor vectors) {
        Initializer.Pretrained given = Initializer.pretrained(vectors);
        return of(vectors.shape().dim(0), vectors.shape().dim(1)).weights(given);
    }

    /// Beginning with given vectors.
    ///
    /// @param vectors for each id its vector, all of one length
    /// @throws IllegalArgumentException if there is none, they are of no length or of different ones, or not finite
    public static Embedding pretrained(float[][] vectors) {
        int size = vectors.length == 0 ? 0 : vectors[0].length;
        if (size == 0) {
            throw new IllegalArgumentException("vectors: expected at least one of at least one number, got none");
        }
        float[] all = new float[Math.multiplyExact(vectors.length, size)];
        for (int id = 0; id < vectors.length; id++) {
            if (vectors[id].length != size) {
                throw new IllegalArgumentException(
                        "vectors[%d]: expected %d numbers, as of the first, got %d"
                                .formatted(id, size, vectors[id].length));
            }
            System.arraycopy(vectors[id], 0, all, id * size, size);
        }
        return pretrained(Tensor.of(all, vectors.length, size));
    }

    /// With other first values.
    public Embedding weights(Initializer weights) {
        return new Embedding(name, vocabularySize, outputSize, weights, mask, learning);
    }

    /// Taking the id 0 for padding behind sequences, as Keras's `mask_zero`: as [Masking] does, with zeros in the place
    /// of padding's vector, which is then not trained. A 0 before another id fails the run.
    public Embedding maskZero() {
        return new Embedding(name, vocabularySize, outputSize, weights, Mask.TRAILING, learning);
    }

    /// Taking the id 0 for padding wherever it is: see [Masking#holes].
    public Embedding skipZero() {
        return new Embedding(name, vocabularySize, outputSize, weights, Mask.ANYWHERE, learning);
    }

    /// Leaving the vectors as they begin.
    public Embedding frozen() {
        return new Embedding(name, vocabularySize, outputSize, weights, mask, Learning.FROZEN);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.INT32) {
            throw scope.wrong("ids, INT32 [B,T] or [B]", x);
        }
        Value weight = switch (learning) {
            case TRAINED -> scope.matrix("weight", weights, vocabularySize, outputSize);
            case FROZEN -> scope.frozen("weight", weights, Shape.of(vocabularySize, outputSize));
        };
        if (mask == Mask.NONE) {
            return scope.graph().gather(scope.path(), weight, x);
        }
        return scope.withoutPadding(0, mask, x, scope.graph().gather(scope.path() + "/vectors", weight, x));
    }

    @Override
    public boolean isStreamable() {
        return mask != Mask.ANYWHERE;
    }

    @Override
    public Embedding named(String name) {
        return new Embedding(name, vocabularySize, outputSize, weights, mask, learning);
    }
}
