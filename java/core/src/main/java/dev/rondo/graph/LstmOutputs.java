package dev.rondo.graph;

/// The values that an [Op.Lstm] makes.
///
/// @param y the state h after every step, `[B,T,H]`, zero at padded steps
/// @param hN the state h after each sequence's last step, `[B,H]`
/// @param cN the state c after each sequence's last step, `[B,H]`
public record LstmOutputs(Value y, Value hN, Value cN) {}
