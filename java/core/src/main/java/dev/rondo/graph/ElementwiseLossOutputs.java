package dev.rondo.graph;

/// The values that an [Op.ElementwiseLoss] makes, each a scalar.
///
/// @param loss the mean over the elements of the real steps
/// @param squaredError the mean over them of the square of prediction less target
/// @param absoluteError the mean over them of its magnitude
/// @param correct the number of them on whose side of 1/2 the target is too; 0 for losses that are not binary
/// @param count the number of real steps
public record ElementwiseLossOutputs(
        Value loss, Value squaredError, Value absoluteError, Value correct, Value count) {}
