package dev.rondo.kernels.ffm;

import dev.rondo.kernels.Compilation;
import dev.rondo.kernels.KernelOptions;
import dev.rondo.kernels.KernelSelection;
import dev.rondo.kernels.Kernels;
import dev.rondo.kernels.Program;
import dev.rondo.tensor.DataType;

/// Kernels of librondo.
public final class NativeKernels implements Kernels {
  /// x
  public static NativeKernels of(KernelOptions options) {
    throw new IllegalStateException("not yet");
  }

  /// x
  public KernelSelection.Report report() {
    throw new UnsupportedOperationException("not yet");
  }

  @Override
  public boolean supports(DataType floats) {
    return floats == DataType.FLOAT32;
  }

  @Override
  public Program compile(Compilation compilation) {
    throw new UnsupportedOperationException("not yet");
  }
}
