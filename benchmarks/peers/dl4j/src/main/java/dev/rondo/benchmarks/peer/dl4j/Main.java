package dev.rondo.benchmarks.peer.dl4j;

import dev.rondo.benchmarks.peer.PeerServer;

/// The process of Deeplearning4j.
public final class Main {
    private Main() {}

    /// Serves the harness.
    public static void main(String[] arguments) {
        PeerServer.serve(new Dl4jPeer());
    }
}
