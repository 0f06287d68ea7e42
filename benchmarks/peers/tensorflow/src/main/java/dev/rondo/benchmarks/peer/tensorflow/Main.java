package dev.rondo.benchmarks.peer.tensorflow;

import dev.rondo.benchmarks.peer.PeerServer;

/// The process of TensorFlow.
public final class Main {
    private Main() {}

    /// Serves the harness.
    public static void main(String[] arguments) {
        PeerServer.serve(new TensorFlowPeer());
    }
}
