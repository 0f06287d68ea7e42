package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.layers.Network.Port;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;

/// What an input or a layer gives, while a network is being written down: a stand-in for numbers that only a run has.
/// Immutable; it belongs to the [NetworkBuilder] that made it.
public final class Symbol {
    private final NetworkBuilder builder;
    private final Port port;
    private final Value value;

    Symbol(NetworkBuilder builder, Port port, Value value) {
        this.builder = builder;
        this.port = port;
        this.value = value;
    }

    /// Type of the numbers.
    public DataType type() {
        return value.type();
    }

    /// Shape of the numbers, such as `[B,T,64]`.
    public Shape shape() {
        return value.shape();
    }

    NetworkBuilder builder() {
        return builder;
    }

    Port port() {
        return port;
    }

    Value value() {
        return value;
    }

    @Override
    public String toString() {
        return value.name() + " " + value.type() + " " + value.shape();
    }
}
