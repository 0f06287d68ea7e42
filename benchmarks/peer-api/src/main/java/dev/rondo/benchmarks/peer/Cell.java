package dev.rondo.benchmarks.peer;

/// The recurrent cells, each with the order of its gates in weights and bias.
public enum Cell {
    /// Gates i, f, g, o.
    LSTM(4),
    /// Gates r, z, n; the reset gate multiplies the recurrent product of n, which has a bias of its own.
    GRU_RESET_AFTER(3),
    /// Gates r, z, n; the reset gate multiplies the state before it goes into the recurrent product of n.
    GRU_RESET_BEFORE(3),
    /// One gate: tanh.
    RNN_TANH(1),
    /// Gates i, f, g, o; i, f and o see the cell state, i and f the former one, o the new one.
    LSTM_PEEPHOLES(4);

    private final int gates;

    Cell(int gates) {
        this.gates = gates;
    }

    /// How many gates the weights hold.
    public int gates() {
        return gates;
    }
}
