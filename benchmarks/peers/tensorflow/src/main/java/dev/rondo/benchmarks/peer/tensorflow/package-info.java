/// TensorFlow as a peer.
@NullMarked
package dev.rondo.benchmarks.peer.tensorflow;

import org.jspecify.annotations.NullMarked;
