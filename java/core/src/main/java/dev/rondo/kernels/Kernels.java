package dev.rondo.kernels;

import dev.rondo.kernels.ffm.NativeKernels;
import dev.rondo.kernels.reference.ReferenceKernels;
import dev.rondo.tensor.DataType;

/// The only way to arithmetic. Any thread may compile; each program serves one thread at a time.
public sealed interface Kernels permits ReferenceKernels, NativeKernels {
    /// True if programs can compute with the given type of floating-point values.
    boolean supports(DataType floats);

    /// Makes a program.
    Program compile(Compilation compilation);
}
