package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/// Small networks over sequences of 3 features, each around one layer, that between them have every kind of layer.
final class LayerNetworks {
    private LayerNetworks() {}

    /// A network.
    ///
    /// @param title what it is around
    /// @param random whether something is drawn in training, place by place
    record Case(String title, Network network, boolean random) {
        @Override
        public String toString() {
            return title;
        }
    }

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        for (Layer layer : List.of(
                ActivationLayer.of(Activation.GELU),
                ActivationLayer.of(Activation.SOFTMAX),
                BatchNorm.of().epsilon(0.1),
                Dense.units(4).activation(Activation.TANH),
                Flatten.of(),
                LayerNorm.of().epsilon(0.1),
                Reshape.to(Shape.TIME, 4),
                Reverse.of(),
                Slice.features(1, 3),
                Gru.units(4).returnSequences(),
                Lstm.units(4).returnSequences().goBackwards(),
                SimpleRnn.units(4).returnSequences(),
                rnn(),
                Bidirectional.of(Lstm.units(3).returnSequences()),
                Bidirectional.of(rnn(), Bidirectional.Merge.SUM))) {
            cases.add(chain(layer.toString(), false, layer));
        }
        for (PoolTime pool : List.of(
                PoolTime.max(), PoolTime.mean(), PoolTime.sum(), PoolTime.first(), PoolTime.last())) {
            cases.add(chain(pool.toString(), false, pool));
        }
        cases.add(chain("pool, then repeat", false, PoolTime.mean(), Repeat.times(2), LayerNorm.of().epsilon(0.1)));
        for (Layer layer : List.of(
                Dropout.rate(0.3),
                Dropout.rate(0.3).perSequence(),
                GaussianNoise.deviation(0.3),
                WeightNoise.of(Lstm.units(4).returnSequences(), 0.1),
                WeightNoise.of(Dense.units(4), 0.1))) {
            cases.add(chain(layer.toString(), true, layer));
        }
        for (Layer layer : List.of(
                Conv1d.filters(4, 3).same(),
                Conv1d.filters(4, 2).same().dilation(2).activation(Activation.RELU),
                Conv1d.filters(4, 3).causal().dilation(2).activation(Activation.GELU),
                Conv1d.filters(4, 1).biases(Bias.NONE),
                Conv1d.filters(4, 2),
                Conv1d.filters(4, 2).stride(2).activation(Activation.TANH),
                Conv1d.filters(4, 3).causal().stride(2),
                Conv1d.filters(4, 1).stride(3),
                MaxPool.size(2),
                MaxPool.size(3).stride(1),
                AveragePool.size(2),
                AveragePool.size(2).stride(1))) {
            cases.add(chain(layer.toString(), false, layer));
        }
        cases.add(chain("convolutions, then recurrent, then pooled", false,
                Conv1d.filters(4, 2).stride(2).activation(Activation.TANH), BatchNorm.of().epsilon(0.1), MaxPool.size(2).stride(1),
                Bidirectional.of(Gru.units(3).returnSequences()), PoolTime.mean()));
        cases.add(new Case("merged", merged(), false));
        for (Attention attention : List.of(
                Attention.dot(), Attention.scaledDot(), Attention.general(), Attention.additive(3))) {
            cases.add(new Case(attention.toString(), attending(attention), false));
        }
        return cases;
    }

    /// h = tanh(W x + U h' + b), of a cell of one's own.
    private static Rnn rnn() {
        return Rnn.of((s, x) -> {
                    Value h = s.state("h", 4);
                    return s.next(h, s.tanh(s.add(s.dense("input", x, 4), s.recurrent("state", h, 4))));
                })
                .returnSequences();
    }

    /// Between dense layers, which give it something to differentiate and mix what it gives.
    private static Case chain(String title, boolean random, Layer... layers) {
        List<Layer> all = new ArrayList<>(List.of(
                Input.features(Shape.TIME, 3), Dense.units(4).activation(Activation.TANH)));
        all.addAll(List.of(layers));
        all.add(Dense.units(2));
        return new Case(title, Network.chain(7, all), random);
    }

    private static Network merged() {
        NetworkBuilder b = Network.builder();
        Symbol x = b.input(Input.features(Shape.TIME, 3));
        Symbol wide = b.add(Dense.units(4).activation(Activation.TANH), x);
        SharedLayer norm = b.shared(BatchNorm.of().epsilon(0.1));
        Symbol difference = b.add(Subtract.of(), norm.on(wide), b.add(Dense.units(4), x));
        Symbol product = b.add(Multiply.of(), norm.on(difference), wide);
        Symbol sides = b.add(Concat.of(), difference, x, b.add(Average.of(), product, wide));
        // Both have one number of windows.
        Symbol halves = b.add(Concat.of(), b.add(MaxPool.size(2), wide), b.add(Conv1d.filters(2, 2).stride(2), sides));
        return b.output("y", b.add(Dense.units(2), b.add(Add.of(), sides, sides))).output("difference", difference)
                .output("halves", halves).build(8);
    }

    /// Attention of a sequence to itself.
    private static Network attending(Attention attention) {
        NetworkBuilder b = Network.builder();
        Symbol x = b.input(Input.features(Shape.TIME, 3));
        Symbol queries = b.add(Dense.units(4).activation(Activation.TANH), x);
        Symbol values = b.add(Dense.units(4), x);
        return b.output("y", b.add(Dense.units(2), b.add(attention, queries, values))).build(9);
    }
}
