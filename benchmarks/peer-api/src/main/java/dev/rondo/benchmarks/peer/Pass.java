package dev.rondo.benchmarks.peer;

/// What one call does.
public enum Pass {
    /// The whole sequence forward, with weights prepared beforehand; all outputs go to memory of the caller.
    INFERENCE,
    /// Of a layer: preparing the weights, forward, backward with the gradients of x, weights and bias from a given
    /// gradient of y. Of a network: a whole training step on the same batch.
    TRAINING,
    /// One step of one sequence, with the state carried from call to call; x cycles over the time steps given.
    STEP
}
