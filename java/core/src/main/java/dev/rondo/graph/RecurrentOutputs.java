package dev.rondo.graph;

import java.util.Optional;

/// The values that an [Op.Recurrent] makes.
///
/// @param y the state h after every step, `[B,T,H]`, zero at padded steps
/// @param hN the state h after each sequence's own last step of the walk, `[B,H]`
/// @param cN the state c likewise, of a cell that has it
public record RecurrentOutputs(Value y, Value hN, Optional<Value> cN) {}
