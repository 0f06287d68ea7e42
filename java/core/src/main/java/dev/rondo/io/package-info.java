/// Model files and checkpoints: safetensors, read and written without trust and without loss.
///
/// A [safetensors](https://github.com/huggingface/safetensors) file is eight bytes of header length (little-endian), a
/// JSON header, and the tensors' bytes one after another. The header names each tensor with its type, shape and place,
/// and holds a map of strings, in which Rondo keeps the model's layers. Nothing in a file is ever executed, and a file
/// is read, never mapped, so that one which is cut short while it is being read is an exception and not a crash.
@NullMarked
package dev.rondo.io;

import org.jspecify.annotations.NullMarked;
