package dev.rondo.kernels;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import java.lang.foreign.Arena;
import java.util.List;

/// What a program is made of.
///
/// @param instructions in order
/// @param floats the type of all floating-point values, FLOAT32 or FLOAT64
/// @param purpose what the program is for
/// @param largest the largest batch and numbers of time steps
/// @param packs where packed parameters are kept
/// @param arena where the program allocates; it lives as long as the program
public record Compilation(
        List<Instruction> instructions, DataType floats, Purpose purpose, Extents largest, WeightPacks packs,
        Arena arena) {

    /// What a program is for.
    public enum Purpose {
        /// Parameters rarely change: they are packed once a version. Results do not depend on providers.
        INFERENCE,
        /// Parameters change from run to run.
        TRAINING,
        /// Each run is a step of a scan that trains: parameters stay until the version of the packs, which are the
        /// scan's own, says otherwise.
        STEP_OF_TRAINING
    }
}
