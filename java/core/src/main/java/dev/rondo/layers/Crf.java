package dev.rondo.layers;

import dev.rondo.graph.CrfInputs;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// The scores of a linear-chain conditional random field (Lafferty, McCallum & Pereira 2001) over K tags: the last
/// layer of a tagger that learns by [dev.rondo.training.Loss#crf()].
///
/// Takes emissions, float32 `[B,T,K]`: what each tag scores at each step, of a dense layer without an activation for
/// instance; gives them as they are. Its parameters are `transitions` `[K,K]`, from the tag of the row to that of the
/// column, `begin` `[K]` of the first tag and `end` `[K]` of the last. Tags y of n steps have the score `begin[y0] +
/// sum emissions[t][yt] + sum transitions[yt-1][yt] + end[yn-1]`; the best ones are found by
/// [dev.rondo.decoding.Viterbi] with these parameters:
///
/// ```java
/// Viterbi viterbi = Viterbi.of(model.parameters(), "crf");
/// List<Viterbi.Path> paths = viterbi.decode(model.predict(x, Tensor.of(lengths, n)), lengths);
/// ```
///
/// @param name of its parameters' path; empty: `crf`, and `crf_1` for further ones
/// @param transitions how `transitions` begins
/// @param ends how `begin` and `end` begin
public record Crf(String name, Initializer transitions, Initializer ends) implements UnaryLayer {
    public Crf {
        Settings.name("Crf", name);
    }

    /// With scores that begin uniform within ±0.1, as those of the `pytorch-crf` package.
    public static Crf of() {
        return new Crf("", Initializer.uniform(0.1), Initializer.uniform(0.1));
    }

    /// With other first values for `transitions`.
    public Crf transitions(Initializer transitions) {
        return new Crf(name, transitions, ends);
    }

    /// With other first values for `begin` and `end`.
    public Crf ends(Initializer ends) {
        return new Crf(name, transitions, ends);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() != 3) {
            throw scope.wrong("FLOAT32 [B,T,K]", x);
        }
        int tags = x.shape().dim(2);
        scope.matrix("transitions", transitions, tags, tags);
        scope.vector("begin", ends, tags);
        scope.vector("end", ends, tags);
        return x;
    }

    /// The layer's parameters in a graph that it was added to.
    ///
    /// @throws IllegalArgumentException if it was not
    public CrfInputs.Weights weights(Scope scope) {
        return new CrfInputs.Weights(
                parameter(scope, "transitions"), parameter(scope, "begin"), parameter(scope, "end"));
    }

    private Value parameter(Scope scope, String parameter) {
        String path = name + "/" + parameter;
        return scope.parameters().keySet().stream()
                .filter(value -> value.name().equals(path))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "%s: expected a graph with this layer, got one with %s"
                                .formatted(path, scope.parameters().keySet())));
    }

    @Override
    public boolean isStreamable() {
        return false;
    }

    @Override
    public Crf named(String name) {
        return new Crf(name, transitions, ends);
    }
}
