package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.plan.Engine;
import dev.rondo.tensor.Shape;
import dev.rondo.training.Adam;
import dev.rondo.training.Loss;
import dev.rondo.training.Training;

/// What forecasts the next value of a series: two layers of 64 units, and a number.
enum Forecaster {
    /// Long short-term memory.
    LSTM,
    /// Gated recurrent units.
    GRU;

    /// Compiled, for the mean squared error by Adam.
    ///
    /// @param seed of its first values
    Sequential model(long seed, Engine.Options engine) {
        Sequential.Builder builder = Sequential.builder().add(Input.features(Shape.TIME, 1));
        switch (this) {
            case LSTM -> builder.add(Lstm.units(64).returnSequences()).add(Lstm.units(64));
            case GRU -> builder.add(Gru.units(64).returnSequences()).add(Gru.units(64));
        }
        Sequential model = builder.add(Dense.units(1)).seed(seed).build();
        model.compile(Training.optimizer(Adam.standard()).loss(Loss.meanSquaredError()).engine(engine));
        return model;
    }
}
