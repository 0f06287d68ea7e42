package dev.rondo.kernels.reference;

import dev.rondo.kernels.Compilation;
import dev.rondo.kernels.Kernels;
import dev.rondo.kernels.Program;
import dev.rondo.tensor.DataType;

/// Kernels in plain Java.
public final class ReferenceKernels implements Kernels {
  /// The only one; it has no state.
  public static final ReferenceKernels INSTANCE = new ReferenceKernels();

  private ReferenceKernels() {}

  @Override
  public boolean supports(DataType floats) {
    return floats.isFloat();
  }

  @Override
  public Program compile(Compilation compilation) {
    throw new UnsupportedOperationException("not yet");
  }
}
