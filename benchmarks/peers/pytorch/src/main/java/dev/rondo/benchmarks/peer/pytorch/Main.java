package dev.rondo.benchmarks.peer.pytorch;

import dev.rondo.benchmarks.peer.PeerServer;

/// The process of PyTorch.
public final class Main {
    private Main() {}

    /// Serves the harness.
    public static void main(String[] arguments) {
        PeerServer.serve(new PyTorchPeer());
    }
}
