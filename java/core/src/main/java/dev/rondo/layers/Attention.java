package dev.rondo.layers;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.Transpose;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// Attention: each query looks at the steps of a sequence and gives their mean, weighted by how well they fit it.
///
/// ```java
/// Symbols seen = b.apply(Attention.additive(64), decoder.y(), encoder.y());
/// Symbol contexts = seen.y();
/// Symbol weights = seen.output("weights");
/// ```
///
/// With queries q, values v and keys k, which are the values where no others are given:
///
/// ```text
/// weights[b,s,t] = softmax over t of score(q[b,s], k[b,t]),   y[b,s] = sum over t of weights[b,s,t] v[b,t]
/// ```
///
/// | Score | score(q, k) | Source |
/// |---|---|---|
/// | [Score#DOT] | q · k | Luong, Pham & Manning (2015), section 3.1 |
/// | [Score#SCALED_DOT] | q · k / sqrt(H) | Vaswani et al. (2017), equation 1 |
/// | [Score#GENERAL] | k · W q | Luong, Pham & Manning (2015), section 3.1 |
/// | [Score#ADDITIVE] | v · tanh(Wq q + Wk k) | Bahdanau, Cho & Bengio (2015), appendix A.1.2 |
///
/// Takes in this order the queries, float32 `[B,S,H]` or one of each sequence `[B,H]`; the values, float32 `[B,T,V]`; and,
/// if wanted, keys of the same steps, float32 `[B,T,K]`. Queries and values may have symbols of time of their own. Gives
/// `y`, the contexts `[B,S,V]` (or `[B,V]`), and `weights` `[B,S,T]` (or `[B,T]`). Steps of values behind a sequence's length
/// weigh exactly 0, whatever they hold; where a sequence has no step, and at padded queries, contexts and weights are
/// zeros.
///
/// Its parameters: none of DOT and SCALED_DOT, for which K = H; `weight` `[K,H]` of GENERAL; `queryWeight` `[units,H]`,
/// `keyWeight` `[units,K]` and `scoreWeight` `[1,units]` of ADDITIVE.
///
/// @param name of its parameters' path; empty: `attention`, and `attention_1`, `attention_2` for further ones
/// @param score how well a query and a key fit
/// @param units size of the hidden layer of ADDITIVE; 0 of others
/// @param weights how its parameters begin
public record Attention(String name, Score score, int units, Initializer weights) implements Layer {
    /// The output of what each step weighs.
    public static final String WEIGHTS = "weights";

    /// How well a query and a key fit; see [Attention].
    public enum Score {
        /// q · k
        DOT,
        /// q · k / sqrt(H)
        SCALED_DOT,
        /// k · W q
        GENERAL,
        /// v · tanh(Wq q + Wk k)
        ADDITIVE
    }

    public Attention {
        Settings.name("Attention", name);
        if (score == Score.ADDITIVE) {
            Settings.atLeastOne("Attention: units", units);
        } else if (units != 0) {
            throw new IllegalArgumentException("Attention: units: expected 0 of %s, got %d".formatted(score, units));
        }
    }

    /// By the product of query and key.
    public static Attention dot() {
        return of(Score.DOT, 0);
    }

    /// By the product of query and key, divided by the root of their size.
    public static Attention scaledDot() {
        return of(Score.SCALED_DOT, 0);
    }

    /// By the product of the key and a trained matrix times the query.
    public static Attention general() {
        return of(Score.GENERAL, 0);
    }

    /// By a trained layer over query and key.
    ///
    /// @param units of that layer, at least 1
    public static Attention additive(int units) {
        return of(Score.ADDITIVE, units);
    }

    private static Attention of(Score score, int units) {
        return new Attention("", score, units, Initializer.glorotUniform());
    }

    /// With other first values.
    public Attention weights(Initializer weights) {
        return new Attention(name, score, units, weights);
    }

    @Override
    public SequencedMap<String, Value> apply(Scope scope, List<Value> inputs) {
        scope.expectInputs(2, 3, inputs);
        Value query = inputs.getFirst();
        Value value = inputs.get(1);
        Value key = inputs.getLast();
        check(scope, query, value, key);
        Graph.Builder graph = scope.graph();
        String path = scope.path() + "/";
        boolean single = query.shape().rank() == 2;
        Value queries = single
                ? graph.reshape(path + "queries", query, Shape.of(query.shape().dim(0), 1, query.shape().dim(1)))
                : masked(scope, "queries", query);
        Value values = value.equals(query) ? queries : masked(scope, "values", value);
        Value keys = key.equals(value) ? values : masked(scope, "keys", key);
        Value scores = scores(scope, queries, keys);
        Value shares = scope.lengths(value)
                .map(lengths -> graph.softmax(path + "shares", scores, lengths))
                .orElseGet(() -> graph.softmax(path + "shares", scores));
        Value weighed = single ? shares : scope.lengths(query)
                .map(lengths -> graph.maskTime(path + "weights", shares, lengths))
                .orElse(shares);
        Value contexts = graph.batchMatMul(single ? path + "contexts" : scope.path(), Transpose.NONE, weighed, values);
        SequencedMap<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(Y, single ? graph.reshape(scope.path(), contexts, rows(contexts)) : contexts);
        outputs.put(WEIGHTS, single ? graph.reshape(path + "weights", weighed, rows(weighed)) : weighed);
        return outputs;
    }

    private void check(Scope scope, Value query, Value value, Value key) {
        if (query.type() != DataType.FLOAT32 || query.shape().rank() < 2 || query.shape().rank() > 3) {
            throw scope.wrong("queries FLOAT32 [B,S,H] or [B,H]", query);
        }
        if (value.type() != DataType.FLOAT32 || value.shape().rank() != 3) {
            throw scope.wrong("values FLOAT32 [B,T,V]", value);
        }
        boolean product = score == Score.DOT || score == Score.SCALED_DOT;
        Shape steps = value.shape().leading();
        boolean fits = key.shape().rank() == 3 && key.shape().leading().equals(steps)
                && (!product || key.shape().dim(2) == query.shape().dim(-1));
        if (key.type() != DataType.FLOAT32 || !fits) {
            String size = product ? String.valueOf(query.shape().dim(-1)) : "K";
            String what = key.equals(value) ? "keys, here the values," : "keys";
            throw scope.wrong("%s FLOAT32 [B,%s,%s]".formatted(what, step(steps), size), key);
        }
    }

    private static String step(Shape steps) {
        return Shape.of(steps.dim(1)).toString().replaceAll("[\\[\\]]", "");
    }

    /// A sequence with zeros as padding: zero times what padding may hold is no zero otherwise.
    private static Value masked(Scope scope, String name, Value x) {
        return scope.lengths(x)
                .map(lengths -> scope.graph().maskTime(scope.path() + "/" + name, x, lengths))
                .orElse(x);
    }

    /// @param queries `[B,S,H]`
    /// @param keys `[B,T,K]`
    /// @return `[B,S,T]`
    private Value scores(Scope scope, Value queries, Value keys) {
        Graph.Builder graph = scope.graph();
        String name = scope.path() + "/scores";
        int querySize = queries.shape().dim(2);
        int keySize = keys.shape().dim(2);
        return switch (score) {
            case DOT -> graph.batchMatMul(name, Transpose.B, queries, keys);
            case SCALED_DOT -> {
                Value scaled = graph.binary(
                        scope.path() + "/scaled", BinaryKind.MULTIPLY, queries, graph.constant(1 / Math.sqrt(querySize)));
                yield graph.batchMatMul(name, Transpose.B, scaled, keys);
            }
            case GENERAL -> {
                Value weight = scope.matrix("weight", weights, keySize, querySize);
                Value projected = graph.dense(scope.path() + "/projected", queries, weight);
                yield graph.batchMatMul(name, Transpose.B, projected, keys);
            }
            case ADDITIVE -> {
                Value ofQueries = graph.dense(
                        scope.path() + "/ofQueries", queries, scope.matrix("queryWeight", weights, units, querySize));
                Value ofKeys = graph.dense(
                        scope.path() + "/ofKeys", keys, scope.matrix("keyWeight", weights, units, keySize));
                Shape batch = queries.shape().slice(0, 1);
                Value rows = graph.reshape(
                        scope.path() + "/rows", ofQueries, batch.append(queries.shape().dim(1)).append(1).append(units));
                Value columns = graph.reshape(
                        scope.path() + "/columns", ofKeys, batch.append(1).append(keys.shape().dim(1)).append(units));
                Value sum = graph.binary(scope.path() + "/sum", BinaryKind.ADD, rows, columns);
                Value hidden = graph.unary(scope.path() + "/hidden", UnaryKind.TANH, sum);
                Value score = graph.dense(
                        scope.path() + "/score", hidden, scope.matrix("scoreWeight", weights, 1, units));
                yield graph.reshape(name, score, score.shape().leading());
            }
        };
    }

    /// `[B,n]` of `[B,1,n]`.
    private static Shape rows(Value single) {
        return Shape.of(single.shape().dim(0), single.shape().dim(2));
    }

    /// Only where the whole sequence of values is there at every step.
    @Override
    public boolean isStreamable() {
        return false;
    }

    @Override
    public Attention named(String name) {
        return new Attention(name, score, units, weights);
    }
}
