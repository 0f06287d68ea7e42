package dev.rondo.kernels;

import dev.rondo.kernels.ffm.NativeKernels;
import dev.rondo.kernels.reference.ReferenceKernels;
import dev.rondo.tensor.DataType;
import java.util.OptionalDouble;

/// The only way to arithmetic. Any thread may compile; each program serves one thread at a time.
public sealed interface Kernels permits ReferenceKernels, NativeKernels {
    /// True if programs can compute with the given type of floating-point values.
    boolean supports(DataType floats);

    /// Links and loads what the first program of a process would otherwise wait for.
    void prepare();

    /// Makes a program.
    Program compile(Compilation compilation);

    /// Measures the most multiply-adds that the machine does on the configured threads, for about the given time, in
    /// 1e9 floating-point operations a second (a multiply-add is two); empty where there is no way to tell.
    OptionalDouble measureFma(double seconds);
}
