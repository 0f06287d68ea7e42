/// What a library does to be measured beside the others: [Peer], which is asked over the lines that [PeerServer] reads
/// and writes.
@NullMarked
package dev.rondo.benchmarks.peer;

import org.jspecify.annotations.NullMarked;
