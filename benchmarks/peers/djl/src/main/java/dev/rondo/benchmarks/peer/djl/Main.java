package dev.rondo.benchmarks.peer.djl;

import dev.rondo.benchmarks.peer.PeerServer;

/// The process of the Deep Java Library.
public final class Main {
    private Main() {}

    /// Serves the harness.
    public static void main(String[] arguments) {
        PeerServer.serve(new DjlPeer());
    }
}
