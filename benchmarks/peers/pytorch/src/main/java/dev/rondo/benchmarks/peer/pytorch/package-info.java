/// PyTorch as a peer.
@NullMarked
package dev.rondo.benchmarks.peer.pytorch;

import org.jspecify.annotations.NullMarked;
