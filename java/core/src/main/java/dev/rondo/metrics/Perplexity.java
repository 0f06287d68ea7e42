package dev.rondo.metrics;

/// `exp` of the mean negative logarithm of the probability that a model gave to what came: `exp(-1/N sum_i ln p_i)`
/// (Jelinek, Mercer, Bahl & Baker 1977). For use by one thread at a time.
public final class Perplexity {
    private double surprise;
    private double total;

    /// Of nothing yet.
    public Perplexity() {}

    /// Counts probabilities against the numbers of the tokens, each of weight 1.
    ///
    /// @throws IllegalArgumentException as [#add(int[], float[], double[])]
    public void add(int[] targets, float[] probabilities) {
        add(targets, probabilities, Arguments.ones(targets.length));
    }

    /// Counts probabilities against the numbers of the tokens. A probability of 0 for what came makes it infinite.
    ///
    /// @param targets N tokens; [B,T] with [Weights#ofLengths]
    /// @param probabilities [N,C]
    /// @param weights N numbers of at least 0; what weighs 0 is not looked at
    /// @throws IllegalArgumentException if the lengths do not fit, a token is unknown, its probability is not in [0, 1] or
    ///     a weight is negative or not finite; nothing is counted then
    public void add(int[] targets, float[] probabilities, double[] weights) {
        if (targets.length == 0
                ? probabilities.length != 0
                : probabilities.length == 0 || probabilities.length % targets.length != 0) {
            throw new IllegalArgumentException("probabilities: expected [N,C] = [%d,*], got %d numbers"
                    .formatted(targets.length, probabilities.length));
        }
        Arguments.weights(targets.length, weights);
        int classes = targets.length == 0 ? 0 : probabilities.length / targets.length;
        double sum = 0;
        double weight = 0;
        for (int i = 0; i < targets.length; i++) {
            if (weights[i] > 0) {
                Arguments.oneOf("targets", i, targets[i], classes);
                int at = i * classes + targets[i];
                if (!(probabilities[at] >= 0 && probabilities[at] <= 1)) {
                    throw new IllegalArgumentException("probabilities[%d]: expected a number in [0, 1], got %s"
                            .formatted(at, probabilities[at]));
                }
                sum -= weights[i] * Math.log(probabilities[at]);
                weight += weights[i];
            }
        }
        surprise += sum;
        total += weight;
    }

    /// Counts tokens by their loss.
    ///
    /// @param meanLoss of a token, in nats: what a cross-entropy gives
    /// @param tokens how many
    /// @throws IllegalArgumentException if the loss is NaN or negative, or the number negative
    public void addLoss(double meanLoss, long tokens) {
        if (!(meanLoss >= 0)) {
            throw new IllegalArgumentException("meanLoss: expected a number of at least 0, got " + meanLoss);
        }
        if (tokens < 0) {
            throw new IllegalArgumentException("tokens: expected at least 0, got " + tokens);
        }
        if (tokens > 0) {
            surprise += meanLoss * tokens;
            total += tokens;
        }
    }

    /// Counts all that another has counted.
    public void merge(Perplexity other) {
        surprise += other.surprise;
        total += other.total;
    }

    /// The perplexity.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double value() {
        Arguments.some("perplexity", total > 0);
        return Math.exp(surprise / total);
    }

    /// The mean in bits a token, `log2` of [#value()].
    ///
    /// @throws IllegalStateException if nothing was counted
    public double bits() {
        Arguments.some("perplexity", total > 0);
        return surprise / total / Math.log(2);
    }
}
