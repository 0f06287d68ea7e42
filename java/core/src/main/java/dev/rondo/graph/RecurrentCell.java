package dev.rondo.graph;

/// The recurrent cells that run fused over a whole sequence, see [Op.Recurrent].
///
/// W acts on the input x, U on the state h' of the step before (times the recurrent mask, where there is one), b is the
/// sum of the biases, s the logistic function, * the product element by element.
public enum RecurrentCell {
    /// i = s(Wi x + Ui h' + bi), f and o likewise, g = tanh(Wg x + Ug h' + bg), c = f*c' + i*g, h = o*tanh(c)
    /// (Hochreiter and Schmidhuber 1997; forget gate of Gers, Schmidhuber and Cummins 2000). Gates i, f, g, o.
    LSTM(4, true),
    /// [#LSTM] with pi*c' and pf*c' added inside i and f, po*c inside o (Gers and Schmidhuber 2000).
    LSTM_PEEPHOLES(4, true),
    /// r = s(Wr x + Ur h' + br), z likewise, n = tanh(Wn x + bn + r*(Un h' + bhn)), h = (1-z)*n + z*h': the reset gate
    /// acts after the product, as in PyTorch, Keras, and ONNX with linear_before_reset = 1. Gates r, z, n.
    GRU_RESET_AFTER(3, false),
    /// n = tanh(Wn x + Un (r*h') + bn), the rest as in [#GRU_RESET_AFTER] (Cho et al. 2014).
    GRU_RESET_BEFORE(3, false),
    /// h = tanh(W x + U h' + b) (Elman 1990).
    RNN_TANH(1, false),
    /// h = max(W x + U h' + b, 0)
    RNN_RELU(1, false),
    /// h = s(W x + U h' + b)
    RNN_SIGMOID(1, false),
    /// h = W x + U h' + b
    RNN_IDENTITY(1, false);

    private final int gates;
    private final boolean hasC;

    RecurrentCell(int gates, boolean hasC) {
        this.gates = gates;
        this.hasC = hasC;
    }

    /// G, how many gates are stacked in the weights.
    public int gates() {
        return gates;
    }

    /// True if it has a second state c.
    public boolean hasC() {
        return hasC;
    }

    /// True if it has peepholes.
    public boolean hasPeepholes() {
        return this == LSTM_PEEPHOLES;
    }

    /// True if it has a bias bhn inside the reset.
    public boolean hasBiasHn() {
        return this == GRU_RESET_AFTER;
    }
}
