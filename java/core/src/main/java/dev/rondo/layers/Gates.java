package dev.rondo.layers;

import dev.rondo.graph.Value;
import java.util.Optional;

/// The gates of a recurrent layer that writes itself as a cell: parameters with the names, shapes and order that its
/// fused kernel has, and what is computed of them.
final class Gates {
    private final CellScope s;
    private final RecurrentSettings settings;
    private final Value product;
    private final Value weightHh;
    private final Optional<Value> biasIh;
    private final Optional<Value> biasHh;

    /// @param count G, how many gates are stacked
    /// @param state the size of the state that the recurrent weights act on
    Gates(CellScope s, RecurrentSettings settings, Value x, int count, int state) {
        this.s = s;
        this.settings = settings;
        int rows = count * settings.units();
        product = s.times(s.matrix("weightIh", settings.weights(), rows, s.width(x)), x);
        weightHh = s.matrix("weightHh", settings.recurrentWeights(), rows, state);
        biasIh = switch (settings.biases()) {
            case NONE -> Optional.empty();
            case ONE -> Optional.of(s.vector("bias", settings.bias(), rows));
            case TWO -> Optional.of(s.vector("biasIh", settings.bias(), rows));
        };
        biasHh = switch (settings.biases()) {
            case NONE, ONE -> Optional.empty();
            case TWO -> Optional.of(s.vector("biasHh", settings.recurrentBias(), rows));
        };
    }

    /// W x and the bias beside it, `[B,G*units]`.
    Value input() {
        return plus(product, biasIh);
    }

    /// W x and all biases, `[B,G*units]`.
    Value inputAndBiases() {
        return plus(input(), biasHh);
    }

    /// U h, `[B,G*units]`.
    Value state(Value h) {
        return s.times(weightHh, h);
    }

    /// U h and the bias beside it, `[B,G*units]`.
    Value stateAndBias(Value h) {
        return plus(state(h), biasHh);
    }

    private Value plus(Value sum, Optional<Value> bias) {
        return bias.map(value -> s.add(sum, value)).orElse(sum);
    }

    /// U h of some gates, `[B,(to-from)*units]`.
    Value state(Value h, int from, int to) {
        return s.times(s.part(weightHh, 0, from * settings.units(), to * settings.units()), h);
    }

    /// A gate's part of what is stacked: `[units]` of a vector, `[B,units]` of rows.
    Value part(Value stacked, int gate) {
        return s.part(stacked, stacked.shape().rank() - 1, gate * settings.units(), (gate + 1) * settings.units());
    }

    /// A gate's sum with what it sees of c through its peepholes, where there are any.
    ///
    /// @param number which of the stacked peepholes
    Value looking(Value sum, Optional<Value> peepholes, int number, Value c) {
        return peepholes.map(all -> s.add(sum, s.multiply(part(all, number), c))).orElse(sum);
    }

    /// What an activation makes of its input, which the layer's clip bounds.
    Value activate(Activation activation, Value input) {
        return s.activate(activation, clip(settings.inputClip(), input));
    }

    /// A value brought to the nearest in -max..max.
    Value clip(double max, Value value) {
        return Settings.isBound(max) ? s.clip(value, -max, max) : value;
    }
}
