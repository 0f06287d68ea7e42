package dev.rondo.io;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;

/// Where one tensor lies in a file.
///
/// @param name its name in the file
/// @param type the type of its elements
/// @param shape its shape
/// @param position the byte of the file at which it begins
/// @param byteSize its size in bytes
public record TensorInfo(String name, DataType type, Shape shape, long position, long byteSize) {}
