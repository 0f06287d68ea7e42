/// ONNX Runtime as a peer.
@NullMarked
package dev.rondo.benchmarks.peer.onnxruntime;

import org.jspecify.annotations.NullMarked;
