/// Deeplearning4j as a peer.
@NullMarked
package dev.rondo.benchmarks.peer.dl4j;

import org.jspecify.annotations.NullMarked;
