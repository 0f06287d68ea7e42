package dev.rondo.graph;

import dev.rondo.tensor.Shape;
import java.util.List;

/// What a node does. Operations come in families, a record each; a record holds what is fixed when the graph is built,
/// and the node holds the values.
///
/// Each record lists its roles as `inputs -> outputs` with shapes; `?` marks an input that may be absent. `...` stands
/// for any number of leading extents. All floating-point values are FLOAT32 (FLOAT64 in a plan that widens them).
/// Whoever adds an operation is led by the compiler to the four places that know them all: [ShapeInference],
/// [Gradients], and the two kernel sets.
public sealed interface Op {

    // -------------------------------------------------------------------------------------------------- elementwise

    /// The functions of [Unary].
    enum UnaryKind {
        /// x
        IDENTITY,
        /// -x
        NEGATE,
        /// 1 / (1 + exp(-x))
        SIGMOID,
        /// tanh x
        TANH,
        /// max(x, 0); its gradient at 0 is 0
        RELU,
        /// exp x
        EXP,
        /// the natural logarithm
        LOG,
        /// the square root
        SQRT,
        /// x x
        SQUARE
    }

    /// `x[...] -> y[...]`, y = kind(x).
    record Unary(UnaryKind kind) implements Op {}

    /// `x[...], y[...], dy[...] -> dx[...]`, dx = kind'(x) dy, where y = kind(x).
    record UnaryGradient(UnaryKind kind) implements Op {}

    /// The functions of [Binary].
    enum BinaryKind {
        /// a + b
        ADD,
        /// a - b
        SUBTRACT,
        /// a b
        MULTIPLY,
        /// a / b
        DIVIDE
    }

    /// `a[...], b[...] -> y[...]`, y = a kind b. The shapes are equal, or one operand is a single row `[n]` under every
    /// row of the other's last axis, or a scalar `[]`.
    record Binary(BinaryKind kind) implements Op {}

    /// The functions of [Reduce].
    enum ReduceKind {
        /// the sum
        SUM,
        /// the mean
        MEAN,
        /// the largest; it has no gradient
        MAX
    }

    /// `x -> y`, y = kind over the axes `from` (inclusive) to `to` (exclusive) of x, which y lacks.
    record Reduce(ReduceKind kind, int from, int to) implements Op {
        /// Checks the axes.
        public Reduce {
            if (from < 0 || to <= from) {
                throw new IllegalArgumentException("reduce: expected axes 0 <= from < to, got " + from + ", " + to);
            }
        }
    }

    /// `dy -> dx`, the gradient of a [Reduce] SUM or MEAN over an x of the given shape: dy spread over the reduced
    /// axes, for MEAN divided by their extent.
    record ReduceGradient(Reduce reduce, Shape shape) implements Op {
        /// Checks that there is a gradient.
        public ReduceGradient {
            if (reduce.kind() == ReduceKind.MAX) {
                throw new IllegalArgumentException("reduce: MAX has no gradient");
            }
        }
    }

    /// `-> y[]`, a number.
    record Constant(double number) implements Op {}

    // ------------------------------------------------------------------------------------------------------ matrices

    /// Which operands of a [MatMul] are transposed.
    enum Transpose {
        /// a b
        NONE,
        /// aᵀ b
        A,
        /// a bᵀ
        B,
        /// aᵀ bᵀ
        BOTH;

        /// True if a is transposed.
        public boolean a() {
            return this == A || this == BOTH;
        }

        /// True if b is transposed.
        public boolean b() {
            return this == B || this == BOTH;
        }
    }

    /// `a, b, bias?[n] -> y[...,n]`, the matrix product plus the bias under every row. An operand is the matrix of its
    /// last axis by all others together: a `[...,k]` (`[...,m]` with extents `...` that match b's, if transposed),
    /// b `[...,n]` (`[n,k]` if transposed).
    record MatMul(Transpose transpose) implements Op {}

    // ----------------------------------------------------------------------------------------------------- embedding

    /// `table[rows,n], ids[...] (INT32) -> y[...,n]`, y\[i\] = table\[ids\[i\]\]. An id outside the table fails the
    /// run.
    record Gather() implements Op {}

    /// `ids[...] (INT32), dy[...,n] -> dtable[rows,n]`, the gradient of [Gather].
    record ScatterAdd(int rows) implements Op {}

    // ------------------------------------------------------------------------------------------------------- softmax

    /// `x[...,n] -> y[...,n]`, y = exp(x - max x) / sum for each row.
    record Softmax() implements Op {}

    /// `logits[B,T,n] or [B,n], labels?[B,T] or [B] (INT32), targets?[B,T,n] or [B,n], lengths?[B] (INT32)
    /// -> loss[], correct[], count[], dlogits`: the mean over the real steps of -log softmax(logits) at the label, or
    /// weighted by the target's probabilities (one of labels and targets is given); the number of real steps whose
    /// largest logit is at the label or at the largest target; the number of real steps; the gradient of the loss. A
    /// step is real when it lies before its sequence's length.
    record SoftmaxCrossEntropy() implements Op {}

    // -------------------------------------------------------------------------------------------- elementwise losses

    /// What an element of prediction x and target t costs in an [ElementwiseLoss]. The logarithm of a probability is
    /// taken for at least -100, and x (1 - x) in its derivative for at least 1e-12, so that both stay finite.
    enum LossKind {
        /// (x - t)²
        SQUARED,
        /// |x - t|; its derivative at 0 is 0
        ABSOLUTE,
        /// -t log x - (1 - t) log(1 - x), of a probability x
        BINARY,
        /// the same of the probability 1 / (1 + exp(-x))
        BINARY_LOGITS
    }

    /// `x[B,T,n] or [B,n], targets (as x), lengths?[B] (INT32)
    /// -> loss[], squaredError[], absoluteError[], correct[], count[], dx`: the mean loss over the elements of the real
    /// steps; the means of (p - t)² and |p - t| over them, where p is x, or of logits their probability; the number of
    /// elements on whose side of 1/2 the target is too, with the binary kinds, else 0; the number of real steps; the
    /// gradient of the loss. A step is real when it lies before its sequence's length.
    record ElementwiseLoss(LossKind kind) implements Op {}

    // ------------------------------------------------------------------------------------------- losses of sequences

    /// What the loss of a batch is in a [Ctc], by the losses of its sequences.
    enum CtcReduction {
        /// their mean, as in Keras
        MEAN,
        /// the mean of each divided by the number of its labels, at least 1, as PyTorch's `mean`
        MEAN_PER_LABEL,
        /// their sum
        SUM
    }

    /// What becomes in a [Ctc] of a sequence with fewer steps than its labels take.
    enum Impossible {
        /// It fails the run.
        REFUSED,
        /// Its loss and gradient are zero, as are those of labels that come to have no probability.
        ZERO
    }

    /// `logits[B,T,n], labels[B,L] (INT32), labelLengths[B] (INT32), lengths?[B] (INT32)
    /// -> loss[], count[], perSequence[B], dlogits`: connectionist temporal classification (Graves et al. 2006). The loss
    /// of a sequence is -log of the probability of its labels, in nats: the sum over all paths of classes, one a step of
    /// probability softmax(logits), that become the labels when runs of one class are made one and blanks then left
    /// out. `loss` is what the reduction makes of them, `count` the number of sequences, `dlogits` the gradient of
    /// `loss`.
    ///
    /// Labels are other classes than the blank; what is behind a label length may be anything. They take as many steps as
    /// they are and one more between each two that are equal. A class, a length or a label length out of its range fails
    /// the run before anything is computed. L is an extent of its own, such as [dev.rondo.tensor.Shape#time] of 1.
    ///
    /// @param blank the class that stands for none
    record Ctc(int blank, CtcReduction reduction, Impossible impossible) implements Op {
        /// Checks the blank.
        public Ctc {
            if (blank < 0) {
                throw new IllegalArgumentException("ctc: expected blank >= 0, got " + blank);
            }
        }
    }

    /// `emissions[B,T,K], transitions[K,K], start[K], end[K], tags[B,T] (INT32), lengths?[B] (INT32)
    /// -> loss[], count[], perSequence[B], demissions, dtransitions, dstart, dend`: a linear-chain conditional random
    /// field (Lafferty, McCallum and Pereira 2001). Tags y of n steps have the score start\[y0\], plus
    /// emissions\[t\]\[yt\] of each step, plus transitions\[yt-1\]\[yt\] of each step but the first, plus
    /// end\[yn-1\]; the loss of a sequence is -log of exp(score) of its tags over the sum of it over all tags, in nats,
    /// and 0 of no steps. `loss` is the mean over the sequences, `count` their number, and the gradients are those of
    /// `loss`.
    record Crf() implements Op {}

    // ------------------------------------------------------------------------------------------------------- dropout

    /// `x[...], step[] (INT64) -> y[...]`: in training y = x / (1 - rate) with probability 1 - rate, else 0, by the
    /// counter-based generator Philox4x32-10 (Salmon et al. 2011) of (seed, stream, step, position); at inference y =
    /// x. The same operation on dy gives dx.
    ///
    /// @param rate the share of zeros, at least 0 and below 1
    /// @param stream tells the dropouts of a graph apart
    /// @param seed the seed of the training run
    record Dropout(float rate, int stream, long seed) implements Op {
        /// Checks the rate.
        public Dropout {
            if (!(rate >= 0 && rate < 1)) {
                throw new IllegalArgumentException("dropout: expected 0 <= rate < 1, got " + rate);
            }
        }
    }

    // ------------------------------------------------------------------------------------------------ recurrent cells

    /// In which order a [Recurrent] walks over the steps. x and y keep their places.
    enum Direction {
        /// from the first step to the last
        FORWARD,
        /// from each sequence's own last step to the first
        REVERSE
    }

    /// `x[B,T,I], weightIh[GH,I], weightHh[GH,H], biasIh?[GH], biasHh?[GH], biasHn?[H], peepholes[3H] (if the cell has
    /// them), lengths?[B] (INT32), h0?[B,H], c0?[B,H] (if the cell has it), recurrentMask?[B,H]
    /// -> y[B,T,H], hN[B,H], cN[B,H] (if the cell has it), saved`: the cell over the whole sequence, with its G gates
    /// stacked in the order that [RecurrentCell] gives.
    ///
    /// Biases are added where both are given. `biasHn` is bhn of a GRU that resets after the product, whose `biasHh`
    /// would hold it. From a sequence's length on the state stays and y is zero. Absent states are zeros. The mask
    /// multiplies the state wherever weightHh acts on it, the same at every step (Gal and Ghahramani 2016). `saved` is
    /// what [RecurrentGradient] needs.
    record Recurrent(RecurrentCell cell, Direction direction) implements Op {
        /// From the first step to the last.
        public Recurrent(RecurrentCell cell) {
            this(cell, Direction.FORWARD);
        }
    }

    /// `x, weightIh, weightHh, biasIh?, biasHh?, biasHn?, peepholes?, lengths?, recurrentMask?, saved, dy?, dhN?, dcN?
    /// -> dx, dweightIh, dweightHh, dbiasIh, dbiasHh, dbiasHn, dpeepholes (each with its input), dh0, dc0 (if the cell
    /// has c), dhNorms[T]`: the gradient of one [Recurrent], whose `saved` it uses up. Absent gradients are zeros.
    /// dhNorms\[t\] is the norm over batch and units of dL/dh after step t: of all that reaches the state, from y as well
    /// as from the steps after; padded steps count as zero.
    record RecurrentGradient(RecurrentCell cell, Direction direction) implements Op {}

    // ----------------------------------------------------------------------------------------------------- optimizers

    /// `x[n] -> norm[], scale[]`: norm = sqrt(sum x²), scale = maxNorm / norm where norm > maxNorm, else 1.
    ///
    /// @param maxNorm above 0; infinity never clips
    record GlobalNorm(float maxNorm) implements Op {
        /// Checks the norm.
        public GlobalNorm {
            if (!(maxNorm > 0)) {
                throw new IllegalArgumentException("global norm: expected maxNorm > 0, got " + maxNorm);
            }
        }
    }

    /// Where a tensor lies in flat memory.
    ///
    /// @param begin of its elements
    /// @param end of its elements, exclusive
    record Range(long begin, long end) {
        /// Checks the order.
        public Range {
            if (begin < 0 || end < begin) {
                throw new IllegalArgumentException("range: expected 0 <= begin <= end, got " + begin + ", " + end);
            }
        }
    }

    /// `gradients[n] ->`: multiplies each tensor of them whose norm is larger than maxNorm by maxNorm / norm, in place.
    ///
    /// @param maxNorm above 0
    /// @param tensors where they lie
    record ClipNorms(float maxNorm, List<Range> tensors) implements Op {
        /// Checks the norm.
        public ClipNorms {
            tensors = List.copyOf(tensors);
            if (!(maxNorm > 0)) {
                throw new IllegalArgumentException("clip norms: expected maxNorm > 0, got " + maxNorm);
            }
        }
    }

    /// `gradients[n] ->`: takes each number of them to the nearest in -maxValue..maxValue, in place.
    ///
    /// @param maxValue above 0
    record ClipValues(float maxValue) implements Op {
        /// Checks the value.
        public ClipValues {
            if (!(maxValue > 0)) {
                throw new IllegalArgumentException("clip values: expected maxValue > 0, got " + maxValue);
            }
        }
    }

    /// `parameters[n], gradients[n], velocity?[n], scale?[], rate[] ->`: with g = scale gradients, velocity = momentum
    /// velocity - rate g, then parameters += velocity, or with Nesterov parameters += momentum velocity - rate g.
    /// Parameters and velocity are changed in place. The velocity may be absent only without momentum.
    record Sgd(float momentum, boolean nesterov) implements Op {
        /// Checks the momentum.
        public Sgd {
            if (!(momentum >= 0 && momentum < 1)) {
                throw new IllegalArgumentException("sgd: expected 0 <= momentum < 1, got " + momentum);
            }
        }
    }

    /// Where [Adam] adds epsilon.
    enum AdamForm {
        /// w -= rate sqrt(1 - beta2ᵗ) / (1 - beta1ᵗ) m / (sqrt(v) + epsilon)
        KERAS,
        /// w -= rate / (1 - beta1ᵗ) m / (sqrt(v / (1 - beta2ᵗ)) + epsilon)
        PYTORCH
    }

    /// `parameters[n], gradients[n], m[n], v[n], scale?[], rate[], step[] (INT64, from 1) ->`: with g = scale
    /// gradients, m = beta1 m + (1 - beta1) g and v = beta2 v + (1 - beta2) g², then the parameters w as the form says
    /// (Kingma and Ba 2015), and w -= rate decay w of the w before (AdamW, Loshchilov and Hutter 2019). Parameters, m
    /// and v are changed in place.
    record Adam(float beta1, float beta2, float epsilon, float decay, AdamForm form) implements Op {
        /// Checks the coefficients.
        public Adam {
            if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1) || !(epsilon >= 0) || !(decay >= 0)) {
                throw new IllegalArgumentException(
                        "adam: expected 0 <= beta1, beta2 < 1, epsilon >= 0 and decay >= 0, got " + beta1 + ", " + beta2
                                + ", " + epsilon + ", " + decay);
            }
        }

        /// Without decay.
        public Adam(float beta1, float beta2, float epsilon, AdamForm form) {
            this(beta1, beta2, epsilon, 0, form);
        }
    }

    /// Where [RmsProp] and [Adagrad] add epsilon to the root of an average a of squares, and where the rate stands.
    enum RootForm {
        /// q = g / sqrt(a + epsilon); velocity = momentum velocity + rate q, w -= velocity
        KERAS,
        /// q = g / (sqrt(a) + epsilon); velocity = momentum velocity + q, w -= rate velocity
        PYTORCH
    }

    /// `parameters[n], gradients[n], v[n], m[n] (if centered), velocity[n] (with momentum), scale?[], rate[] ->`: with g
    /// = scale gradients, v = rho v + (1 - rho) g² and a = v, or if centered m = rho m + (1 - rho) g and a = v - m²;
    /// then velocity and the parameters w as the form says (Tieleman and Hinton 2012; centred: Graves 2013). Parameters
    /// and states are changed in place.
    record RmsProp(float rho, float epsilon, float momentum, boolean centered, RootForm form) implements Op {
        /// Checks the coefficients.
        public RmsProp {
            if (!(rho >= 0 && rho < 1) || !(momentum >= 0 && momentum < 1) || !(epsilon >= 0)) {
                throw new IllegalArgumentException(
                        "rmsprop: expected 0 <= rho, momentum < 1 and epsilon >= 0, got " + rho + ", " + momentum + ", "
                                + epsilon);
            }
        }
    }

    /// `parameters[n], gradients[n], sum[n], scale?[], rate[] ->`: with g = scale gradients, sum += g², then the
    /// parameters w by rate g over the root of the sum as the form says (Duchi, Hazan and Singer 2011). Parameters and
    /// sum are changed in place.
    ///
    /// @param start what the sum holds before the first step; whoever makes its memory sees to that
    record Adagrad(float start, float epsilon, RootForm form) implements Op {
        /// Checks the coefficients.
        public Adagrad {
            if (!(start >= 0) || !(epsilon >= 0)) {
                throw new IllegalArgumentException(
                        "adagrad: expected start and epsilon >= 0, got " + start + ", " + epsilon);
            }
        }
    }
}
