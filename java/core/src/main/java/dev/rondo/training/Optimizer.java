package dev.rondo.training;

/// How gradients become steps of the parameters. The settings only: the moving averages belong to the run.
///
/// In the equations `w` is a parameter, `g` its gradient after clipping, `r` the rate, `t` the step, from 1.
public sealed interface Optimizer permits Adagrad, Adam, AdamW, RmsProp, Sgd {
    /// The learning rate.
    double rate();
}
