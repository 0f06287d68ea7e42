/// The Deep Java Library as a peer.
@NullMarked
package dev.rondo.benchmarks.peer.djl;

import org.jspecify.annotations.NullMarked;
