package dev.rondo.benchmarks.peer.onnxruntime;

import dev.rondo.benchmarks.peer.PeerServer;

/// The process of ONNX Runtime.
public final class Main {
    private Main() {}

    /// Serves the harness.
    public static void main(String[] arguments) {
        PeerServer.serve(new OnnxRuntimePeer());
    }
}
