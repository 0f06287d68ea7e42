package dev.rondo.kernels.ffm;

import java.util.List;

/// The library.
public final class NativeLibrary {
  private NativeLibrary() {}

  /// x
  public static String failure() {
    return "not yet";
  }

  /// x
  public static List<String> usableIsas() {
    return List.of();
  }
}
