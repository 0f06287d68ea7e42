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
import java.util.Optional;
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
/// Takes in this order the queries, float32 `[B,S,H]` or one of each sequence `[B,H]`; the values, float32 `[B,T,V]`;
/// and, if wanted, keys of the same steps, float32 `[B,T,K]`. Queries and values may have symbols of time of their own.
/// Gives `y`, the contexts `[B,S,V]` (or `[B,V]`), and `weights` `[B,S,T]` (or `[B,T]`). Steps of values behind a
/// sequence's length weigh exactly 0, whatever they hold; where a sequence has no step, and at padded queries, contexts
/// and weights are zeros.
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
        check(scope.path(), query, value, key);
        Graph.Builder graph = scope.graph();
        String weights = scope.path() + "/" + WEIGHTS;
        boolean single = query.shape().rank() == 2;
        Place place = new OfLayer(scope);
        Value queries = single ? steps(place, query) : scope.real("queries", query);
        Value values = value.equals(query) ? queries : scope.real("values", value);
        Value keys = key.equals(value) ? values : scope.real("keys", key);
        Value shares = shares(place, queries, keys, scope.lengths(value));
        Value weighed = single
                ? shares
                : scope.lengths(query).map(lengths -> graph.maskTime(weights, shares, lengths)).orElse(shares);
        Value contexts = graph.batchMatMul(
                single ? place.name("contexts") : scope.path(), Transpose.NONE, weighed, values);
        SequencedMap<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(Y, single ? graph.reshape(scope.path(), contexts, rows(contexts)) : contexts);
        outputs.put(WEIGHTS, single ? graph.reshape(weights, weighed, rows(weighed)) : weighed);
        return outputs;
    }

    /// Adds attention of one query to a step.
    ///
    /// @param query `[B,H]`
    /// @param values `[B,M,V]`
    /// @param lengths of the values, absent if all have all steps
    /// @return the contexts `[B,V]`, and the weights `[B,M]`
    List<Value> attend(Place place, Value query, Value values, Optional<Value> lengths) {
        check(place.name("attend"), query, values, values);
        Value shares = shares(place, steps(place, query), values, lengths);
        Value contexts = place.graph().batchMatMul(place.name("contexts"), Transpose.NONE, shares, values);
        return List.of(
                place.graph().reshape(place.name("context"), contexts, rows(contexts)),
                place.graph().reshape(place.name(WEIGHTS), shares, rows(shares)));
    }

    /// Where attention is added: in a model or in a step.
    interface Place {
        Graph.Builder graph();

        /// A name for a node, of its own.
        String name(String part);

        /// A parameter.
        Value matrix(String name, Initializer initializer, int rows, int columns);
    }

    private record OfLayer(Scope scope) implements Place {
        @Override
        public Graph.Builder graph() {
            return scope.graph();
        }

        @Override
        public String name(String part) {
            return scope.path() + "/" + part;
        }

        @Override
        public Value matrix(String name, Initializer initializer, int rows, int columns) {
            return scope.matrix(name, initializer, rows, columns);
        }
    }

    private void check(String path, Value query, Value value, Value key) {
        if (query.type() != DataType.FLOAT32 || query.shape().rank() < 2 || query.shape().rank() > 3) {
            throw wrong(path, "queries FLOAT32 [B,S,H] or [B,H]", query);
        }
        if (value.type() != DataType.FLOAT32 || value.shape().rank() != 3) {
            throw wrong(path, "values FLOAT32 [B,T,V]", value);
        }
        boolean product = score == Score.DOT || score == Score.SCALED_DOT;
        Shape steps = value.shape().leading();
        boolean fits = key.shape().rank() == 3 && key.shape().leading().equals(steps)
                && (!product || key.shape().dim(2) == query.shape().dim(-1));
        if (key.type() != DataType.FLOAT32 || !fits) {
            Shape wanted = product ? steps.append(query.shape().dim(-1)) : steps;
            String what = key.equals(value) ? "keys, here the values," : "keys";
            String printed = wanted.toString();
            throw wrong(
                    path,
                    "%s FLOAT32 %s".formatted(
                            what, product ? printed : printed.substring(0, printed.length() - 1) + ",K]"),
                    key);
        }
    }

    private static IllegalArgumentException wrong(String path, String expected, Value x) {
        return new IllegalArgumentException(
                "%s: expected %s, got %s %s".formatted(path, expected, x.type(), x.shape()));
    }

    /// `[B,1,H]` of `[B,H]`.
    private static Value steps(Place place, Value query) {
        Shape single = query.shape().leading().append(1).append(query.shape().dim(-1));
        return place.graph().reshape(place.name("queries"), query, single);
    }

    /// `[B,n]` of `[B,1,n]`.
    private static Shape rows(Value single) {
        return Shape.of(single.shape().dim(0), single.shape().dim(2));
    }

    private Value shares(Place place, Value queries, Value keys, Optional<Value> lengths) {
        Value scores = scores(place, queries, keys);
        String name = place.name("shares");
        return lengths.map(own -> place.graph().softmax(name, scores, own))
                .orElseGet(() -> place.graph().softmax(name, scores));
    }

    /// @param queries `[B,S,H]`
    /// @param keys `[B,T,K]`
    /// @return `[B,S,T]`
    private Value scores(Place place, Value queries, Value keys) {
        Graph.Builder graph = place.graph();
        String name = place.name("scores");
        int querySize = queries.shape().dim(2);
        int keySize = keys.shape().dim(2);
        return switch (score) {
            case DOT -> graph.batchMatMul(name, Transpose.B, queries, keys);
            case SCALED_DOT -> {
                Value factor = graph.constant(1 / Math.sqrt(querySize));
                Value scaled = graph.binary(place.name("scaled"), BinaryKind.MULTIPLY, queries, factor);
                yield graph.batchMatMul(name, Transpose.B, scaled, keys);
            }
            case GENERAL -> {
                Value weight = place.matrix("weight", weights, keySize, querySize);
                Value projected = graph.dense(place.name("projected"), queries, weight);
                yield graph.batchMatMul(name, Transpose.B, projected, keys);
            }
            case ADDITIVE -> {
                Value ofQueries = graph.dense(
                        place.name("ofQueries"), queries, place.matrix("queryWeight", weights, units, querySize));
                Value ofKeys = graph.dense(
                        place.name("ofKeys"), keys, place.matrix("keyWeight", weights, units, keySize));
                Shape batch = queries.shape().slice(0, 1);
                Value rows = graph.reshape(
                        place.name("rows"), ofQueries, batch.append(queries.shape().dim(1)).append(1).append(units));
                Value columns = graph.reshape(
                        place.name("columns"), ofKeys, batch.append(1).append(keys.shape().dim(1)).append(units));
                Value sum = graph.binary(place.name("sum"), BinaryKind.ADD, rows, columns);
                Value hidden = graph.unary(place.name("hidden"), UnaryKind.TANH, sum);
                Value score = graph.dense(
                        place.name("score"), hidden, place.matrix("scoreWeight", weights, 1, units));
                yield graph.reshape(name, score, score.shape().leading());
            }
        };
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
