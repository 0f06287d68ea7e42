/// Rondo: recurrent neural networks on the JVM at the speed of the machine.
module dev.rondo {
    requires static transitive org.jspecify;
    requires com.google.gson;
    requires dev.rondo.natives;

    exports dev.rondo;
    exports dev.rondo.data;
    exports dev.rondo.decoding;
    exports dev.rondo.graph;
    exports dev.rondo.inference;
    exports dev.rondo.io;
    exports dev.rondo.layers;
    exports dev.rondo.metrics;
    exports dev.rondo.plan;
    exports dev.rondo.tensor;
    exports dev.rondo.training;
}
