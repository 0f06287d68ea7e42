package dev.rondo.benchmarks.peer;

/// The networks measured. Their parameters are files of [Workload#data]: `embedding` `[vocabulary,input]`,
/// `lstm0.weightIh`, `lstm0.weightHh`, `lstm0.biasIh`, the same of `lstm1`, `dense.weight` `[outputs,hidden]` and
/// `dense.bias`. An LSTM has one vector of bias; a library's second one is zero. Training clips the gradient to a
/// global norm of 5.
public enum Model {
    /// The next character: ids `[B,T]` -> embedding -> LSTM -> dense -> softmax cross-entropy against labels `[B,T]`,
    /// meant over all steps. Adam.
    CHARACTER(65, 64, 256, 1, 65, 2e-3),
    /// The same of words, with two LSTMs. SGD.
    PTB(10_000, 200, 200, 2, 10_000, 1.0),
    /// The next number of a series: x `[B,T,1]` -> two LSTMs, of the second the last output -> dense -> mean squared
    /// error against target `[B,1]`. Adam.
    FORECASTER(0, 1, 64, 2, 1, 1e-3);

    /// The global norm that gradients are clipped to.
    public static final double CLIP = 5;
    /// Adam's decay of the mean.
    public static final double BETA_1 = 0.9;
    /// Adam's decay of the mean square.
    public static final double BETA_2 = 0.999;
    /// What Adam adds to the root of the mean square.
    public static final double EPSILON = 1e-7;

    private final int vocabulary;
    private final int input;
    private final int hidden;
    private final int layers;
    private final int outputs;
    private final double rate;

    Model(int vocabulary, int input, int hidden, int layers, int outputs, double rate) {
        this.vocabulary = vocabulary;
        this.input = input;
        this.hidden = hidden;
        this.layers = layers;
        this.outputs = outputs;
        this.rate = rate;
    }

    /// Whether ids go in, and classes come out for every step; else numbers, and the last step alone counts.
    public boolean classifies() {
        return vocabulary > 0;
    }

    /// How many ids there are; 0 where numbers go in.
    public int vocabulary() {
        return vocabulary;
    }

    /// The width of what goes into the first LSTM: of the embedding, where there is one.
    public int input() {
        return input;
    }

    /// The units of each LSTM.
    public int hidden() {
        return hidden;
    }

    /// How many LSTMs lie one upon the other.
    public int layers() {
        return layers;
    }

    /// The width of what comes out of an LSTM's predecessor: of layer 0 the input, else the units.
    public int inputOf(int layer) {
        return layer == 0 ? input : hidden;
    }

    /// The width of the dense layer.
    public int outputs() {
        return outputs;
    }

    /// Whether Adam updates it; else plain SGD.
    public boolean adam() {
        return this != PTB;
    }

    /// The optimizer's rate.
    public double rate() {
        return rate;
    }
}
