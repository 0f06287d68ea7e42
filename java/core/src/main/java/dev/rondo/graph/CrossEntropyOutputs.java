package dev.rondo.graph;

/// The values that an [Op.SoftmaxCrossEntropy] makes, each a scalar.
///
/// @param loss the mean over the real steps, in nats
/// @param correct the number of real steps whose largest logit is at the label
/// @param count the number of real steps
public record CrossEntropyOutputs(Value loss, Value correct, Value count) {}
