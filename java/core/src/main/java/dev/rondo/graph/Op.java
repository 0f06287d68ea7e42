package dev.rondo.graph;

import dev.rondo.tensor.Shape;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.IntStream;

/// What a node does. Operations come in families, a record each; a record holds what is fixed when the graph is built,
/// and the node holds the values.
///
/// Each record lists its roles as `inputs -> outputs` with shapes; `?` marks an input that may be absent. `...` stands
/// for any number of leading extents. All floating-point values are FLOAT32 (FLOAT64 in a plan that widens them).
/// Whoever adds an operation is led by the compiler to the five places that know them all: [ShapeInference],
/// [Gradients], [Hoisting], and the two kernel sets. A `switch` loads every class that it names, so that those on the way
/// to a first prediction name families, of which most have no member there.
public sealed interface Op {
    /// Functions of elements, and what is summed over axes.
    sealed interface Elementwise extends Op {}

    /// The same elements in other places.
    sealed interface Shaping extends Op {}

    /// Losses, which tell their gradients with them.
    sealed interface Loss extends Op {}

    /// What knows the steps of sequences.
    sealed interface InTime extends Op {}

    /// Normalizations and their gradients.
    sealed interface Normalization extends Op {}

    /// Noise of training.
    sealed interface Noise extends Op {}

    /// Clipping of gradients, and optimizers.
    sealed interface Update extends Op {}

    /// The most axes of what is broadcast or permuted.
    int MAX_AXES = 8;

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
        SQUARE,
        /// |x|; its gradient at 0 is 0
        ABS,
        /// log(1 + exp x)
        SOFTPLUS,
        /// x / (1 + exp(-x)), also known as swish
        SILU,
        /// x above 0, else exp(x) - 1; its gradient at 0 is 1
        ELU,
        /// x P(x) with the normal distribution function P: the form by erf, not that by tanh. Native kernels take P by
        /// Abramowitz and Stegun (1964) 7.1.26, which is off by at most 8e-8
        GELU,
        /// (x + 3) / 6, from 0 to 1, as in Keras 3; its gradient at the corners is 0
        HARD_SIGMOID,
        /// 0.2 x + 0.5, from 0 to 1, as in Keras 2 and ONNX; its gradient at the corners is 0
        HARD_SIGMOID_KERAS2,
        /// x above 0, else 0.2 x, the slope of Keras 3; its gradient at 0 is 0.2. Other slopes a are the larger of x and a x
        LEAKY_RELU
    }

    /// `x[...] -> y[...]`, y = kind(x).
    record Unary(UnaryKind kind) implements Elementwise {}

    /// `x[...], y[...], dy[...] -> dx[...]`, dx = kind'(x) dy, where y = kind(x).
    record UnaryGradient(UnaryKind kind) implements Elementwise {}

    /// The functions of [Binary].
    enum BinaryKind {
        /// a + b
        ADD,
        /// a - b
        SUBTRACT,
        /// a b
        MULTIPLY,
        /// a / b
        DIVIDE,
        /// the larger, NaN where either is; where they are equal the gradient is a's
        MAXIMUM,
        /// the smaller, NaN where either is; where they are equal the gradient is a's
        MINIMUM,
        /// 1 where a > b, else 0; its gradients are zero everywhere, and none are given
        GREATER
    }

    /// `a[...], b[...] -> y[...]`, y = a kind b. The shapes are laid over each other from their last axes on, as NumPy
    /// does: an axis that is 1 in one operand, or that it lacks in front, is repeated there. Symbols equal themselves
    /// only.
    record Binary(BinaryKind kind) implements Elementwise {}

    /// `x[...] -> y[...]`, each number of x taken to the nearest in low..high.
    ///
    /// @param low at most high; minus infinity bounds nothing
    /// @param high infinity bounds nothing
    record Clip(float low, float high) implements Elementwise {
        /// Checks the order.
        public Clip {
            if (!(low <= high)) {
                throw new IllegalArgumentException("clip: expected low <= high, got " + low + ", " + high);
            }
        }
    }

    /// `x[...], dy[...] -> dx[...]`, the gradient of [Clip]: dy where x is within low..high, the bounds included, else 0.
    record ClipGradient(Clip clip) implements Elementwise {}

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
    record Reduce(ReduceKind kind, int from, int to) implements Elementwise {
        /// Checks the axes.
        public Reduce {
            if (from < 0 || to <= from) {
                throw new IllegalArgumentException("reduce: expected axes 0 <= from < to, got " + from + ", " + to);
            }
        }
    }

    /// `dy -> dx`, the gradient of a [Reduce] SUM or MEAN over an x of the given shape: dy spread over the reduced
    /// axes, for MEAN divided by their extent.
    record ReduceGradient(Reduce reduce, Shape shape) implements Elementwise {
        /// Checks that there is a gradient.
        public ReduceGradient {
            if (reduce.kind() == ReduceKind.MAX) {
                throw new IllegalArgumentException("reduce: MAX has no gradient");
            }
        }
    }

    // -------------------------------------------------------------------------------------------------------- shapes

    /// `x -> y`, the same elements in the same order in another shape. Symbols stay in their order, and the extents
    /// between two of them have the same product before and after: `[B,T,12]` becomes `[B,T,3,4]`, never `[B,12,T]`.
    record Reshape(Shape shape) implements Shaping {}

    /// `x -> y` of the given shape, x repeated along the axes that are 1 in it or that it lacks in front.
    record Broadcast(Shape shape) implements Shaping {}

    /// `x -> y`, axis i of y is axis `axes[i]` of x.
    record Permute(List<Integer> axes) implements Shaping {
        /// Checks that each axis is there once.
        public Permute {
            axes = List.copyOf(axes);
            if (!axes.stream().sorted().toList().equals(IntStream.range(0, axes.size()).boxed().toList())) {
                throw new IllegalArgumentException(
                        "permute: expected each of 0..%d once, got %s".formatted(axes.size() - 1, axes));
            }
        }

        /// The permutation that undoes this one.
        public Permute inverse() {
            return new Permute(IntStream.range(0, axes.size()).map(axes::indexOf).boxed().toList());
        }
    }

    /// `x0, x1 ... -> y`, the inputs behind each other along an axis, whose extents are numbers; all others are equal.
    record Concat(int axis) implements Shaping {
        /// Checks the axis.
        public Concat {
            if (axis < 0) {
                throw new IllegalArgumentException("concat: expected axis >= 0, got " + axis);
            }
        }

        /// The role of the i-th input.
        public static String role(int i) {
            return "x" + i;
        }
    }

    /// `x -> y`, the elements `from` (inclusive) to `to` (exclusive) of an axis. Negative places count from the axis' end.
    /// Along a symbol both count from the same end, so that their number is known, unless all are taken; a run with
    /// fewer steps than they need fails.
    ///
    /// @param to [#END] for the axis' end
    record Slice(int axis, int from, int to) implements Shaping {
        /// The end of an axis, whatever its extent.
        public static final int END = Integer.MAX_VALUE;

        /// Checks the axis and the order.
        public Slice {
            boolean sameEnd = from < 0 == to < 0 || from < 0 && to == END;
            if (axis < 0 || sameEnd && to <= from) {
                throw new IllegalArgumentException("slice: expected axis >= 0 and from < to, got axis %d, from %d, to %s"
                        .formatted(axis, from, to == END ? "END" : String.valueOf(to)));
            }
        }

        /// Where it begins in an axis of the given extent.
        public int begin(int extent) {
            return from < 0 ? extent + from : from;
        }

        /// Where it ends in an axis of the given extent.
        public int end(int extent) {
            return to == END ? extent : to < 0 ? extent + to : to;
        }

        /// Checks that an axis of the given extent has what is taken.
        ///
        /// @throws IllegalArgumentException if it is shorter
        public void check(String name, int extent) {
            if (begin(extent) < 0 || end(extent) > extent || begin(extent) >= end(extent)) {
                throw new IllegalArgumentException("%s: expected axis %d to have elements %d to %s, got %d elements"
                        .formatted(name, axis, from, to == END ? "its end" : String.valueOf(to), extent));
            }
        }
    }

    /// `dy -> dx`, the gradient of a [Slice] of an x of the given shape: dy in its place, zeros around it.
    record SliceGradient(Slice slice, Shape shape) implements Shaping {}

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

    /// `a[...,m,k], b[...,k,n] -> y[...,m,n]`, a matrix product for each index of the leading axes, which are equal and
    /// at least one; the last two of an operand are the other way round if it is transposed.
    record BatchMatMul(Transpose transpose) implements Op {}

    // ----------------------------------------------------------------------------------------------------- embedding

    /// `table[rows,n], ids[...] (INT32) -> y[...,n]`, y\[i\] = table\[ids\[i\]\]. An id outside the table fails the
    /// run.
    record Gather() implements Op {}

    /// `ids[...] (INT32), dy[...,n] -> dtable[rows,n]`, the gradient of [Gather].
    record ScatterAdd(int rows) implements Op {}

    // ------------------------------------------------------------------------------------------------------- softmax

    /// `x[...,n], lengths?[B] (INT32) -> y[...,n]`, y = exp(x - max x) / sum for each row. With lengths x is `[B,...,n]`,
    /// and only the first so many elements of each row of a sequence count: the others of y are zero, and so is all of a
    /// row of the length 0. That is attention over keys, whose steps are the last axis.
    record Softmax() implements Op {}

    /// `y[...,n], dy[...,n], lengths?[B] (INT32) -> dx[...,n]`, the gradient of [Softmax]: dx = y (dy - sum(y dy)).
    record SoftmaxGradient() implements Op {}

    /// `logits[B,T,n] or [B,n], labels?[B,T] or [B] (INT32), targets?[B,T,n] or [B,n], lengths?[B] (INT32)
    /// -> loss[], correct[], count[], dlogits`: the mean over the real steps of -log softmax(logits) at the label, or
    /// weighted by the target's probabilities (one of labels and targets is given); the number of real steps whose
    /// largest logit is at the label or at the largest target; the number of real steps; the gradient of the loss. A
    /// step is real when it lies before its sequence's length.
    record SoftmaxCrossEntropy() implements Loss {}

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
    record ElementwiseLoss(LossKind kind) implements Loss {}

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
    record Ctc(int blank, CtcReduction reduction, Impossible impossible) implements Loss {
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
    record Crf() implements Loss {}

    // ---------------------------------------------------------------------------------------------------------- time

    /// `x[B,T,...], lengths[B] (INT32) -> y[B,T,...]`: x at the real steps, which lie before their sequence's length, and
    /// zero at padded ones.
    record MaskTime() implements InTime {}

    /// Whether padding may stand between real steps.
    enum Holes {
        /// It fails the run.
        REFUSED,
        /// It is left out like any other.
        SKIPPED
    }

    /// `x[B,T,...] (FLOAT32 or INT32), lengths?[B] (INT32) -> counts[B] (INT32), places[B,T] (INT32)`: which steps are
    /// not padding. A step is real when it lies before its sequence's length and not all of its numbers are `padding`.
    /// counts is how many there are; places where they are, in their order, and -1 behind them.
    ///
    /// @param padding finite
    record RealSteps(float padding, Holes holes) implements InTime {
        /// Checks the number.
        public RealSteps {
            if (!Float.isFinite(padding)) {
                throw new IllegalArgumentException("real steps: expected finite padding, got " + padding);
            }
        }
    }

    /// `x[B,T,...], places[B,T] (INT32) -> y[B,T,...]`: the steps of x at these places, zero where they are negative.
    record CompactTime() implements InTime {}

    /// `dy[B,T,...], places[B,T] (INT32) -> dx[B,T,...]`, the gradient of [CompactTime]: dy at these places, zero
    /// elsewhere.
    record CompactTimeGradient() implements InTime {}

    /// `x[B,T,...], lengths?[B] (INT32) -> y[B,T,...]`: the real steps of each sequence from its last to its first; zero
    /// at padded steps.
    record ReverseTime() implements InTime {}

    /// What [PoolTime] takes of the real steps of a sequence.
    enum PoolKind {
        /// the sum
        SUM,
        /// the mean
        MEAN,
        /// the largest; its gradient goes to the first of these
        MAX,
        /// the first step
        FIRST,
        /// the last step
        LAST
    }

    /// `x[B,T,...], lengths?[B] (INT32) -> y[B,...]`: kind over the real steps of each sequence; zero where there are
    /// none.
    record PoolTime(PoolKind kind) implements InTime {}

    /// `x, y (both for MAX), dy[B,...], lengths?[B] (INT32) -> dx`, the gradient of a [PoolTime] over an x of the given
    /// shape; zero at padded steps.
    record PoolTimeGradient(PoolKind kind, Shape shape) implements InTime {}

    /// Which steps around a sequence its [Windows] may reach.
    enum Padding {
        /// none: (T - span) / stride + 1 windows
        VALID,
        /// as many before as after, or one more after: T / stride windows, rounded up
        SAME,
        /// those before: T / stride windows, rounded up, each of which ends at its own step
        CAUSAL
    }

    /// `x[B,T,n] -> y[B,S,size n]`, the steps under each window of a convolution over time, side by side: y\[s\] = x\[s
    /// stride + k dilation - before\] for k from 0 to below size, zeros where x has no such step. Times a weight
    /// `[units, size n]` that is the convolution. Padded steps of x are read: they are to be zero ([MaskTime]).
    ///
    /// @param size steps of a window, at least 1
    /// @param stride steps from a window to the next, at least 1
    /// @param dilation steps between two of a window, at least 1
    /// @param padding what is around the sequence; SAME needs the stride 1 where the number of steps is a symbol, or what
    ///     a window sees would depend on the batch's longest sequence
    /// @param windows the symbol of time for S, where it is not T itself and T is a symbol; else 0
    record Windows(int size, int stride, int dilation, Padding padding, int windows) implements InTime {
        /// Checks the numbers.
        public Windows {
            if (size < 1 || stride < 1 || dilation < 1) {
                throw new IllegalArgumentException("windows: expected size, stride and dilation >= 1, got %d, %d, %d"
                        .formatted(size, stride, dilation));
            }
            if (windows != 0 && !Shape.isTime(windows)) {
                throw new IllegalArgumentException("windows: expected a symbol of time or 0, got " + windows);
            }
        }

        /// Whose number follows from that of the steps.
        public Windows(int size, int stride, int dilation, Padding padding) {
            this(size, stride, dilation, padding, 0);
        }

        /// Steps from the first to the last of a window.
        public int span() {
            return (size - 1) * dilation + 1;
        }

        /// The number of windows of a sequence of so many steps; 0 where it is too short.
        public int count(int steps) {
            return switch (padding) {
                case VALID -> steps < span() ? 0 : (steps - span()) / stride + 1;
                case SAME, CAUSAL -> (steps - 1) / stride + 1;
            };
        }

        /// The steps of padding before a sequence of so many steps.
        public int before(int steps) {
            return switch (padding) {
                case VALID -> 0;
                case SAME -> Math.max((count(steps) - 1) * stride + span() - steps, 0) / 2;
                case CAUSAL -> span() - 1;
            };
        }

        /// Checks that a sequence of so many steps has the given number of windows.
        ///
        /// @throws IllegalArgumentException if it has not
        public void check(String name, int steps, int number) {
            if (number < 1 || number != count(steps)) {
                throw new IllegalArgumentException("%s: expected %d windows of %d steps, got %d"
                        .formatted(name, count(steps), steps, number));
            }
        }
    }

    /// `dy -> dx`, the gradient of [Windows] of an x of the given shape.
    record WindowsGradient(Windows windows, Shape shape) implements InTime {}

    // ------------------------------------------------------------------------------------------------- normalization

    /// `x[...,n], gain?[n], bias?[n] -> y[...,n], mean[...], scale[...]`: y = gain (x - mean) scale + bias for each row,
    /// with scale = 1 / sqrt(variance + epsilon) (Ba, Kiros and Hinton 2016, equation 3). Mean and scale have no gradient.
    ///
    /// @param epsilon at least 0
    record LayerNorm(float epsilon) implements Normalization {
        /// Checks epsilon.
        public LayerNorm {
            if (!(epsilon >= 0)) {
                throw new IllegalArgumentException("layer norm: expected epsilon >= 0, got " + epsilon);
            }
        }
    }

    /// `x, gain?, mean, scale, dy -> dx, dgain[n], dbias[n]`, the gradients of [LayerNorm].
    record LayerNormGradient() implements Normalization {}

    /// `x[B,T,n] or [B,n], movingMean[n], movingVariance[n], gain?[n], bias?[n], lengths?[B] (INT32)
    /// -> y, mean[n], scale[n]`: y = gain (x - mean) scale + bias for each feature at the real steps, zero at padded ones,
    /// with scale = 1 / sqrt(variance + epsilon) (Ioffe and Szegedy 2015). In a plan for training mean and variance are
    /// those of the batch's real steps, and the moving ones become momentum moving + (1 - momentum) times these, in
    /// place, unless there are no real steps; at inference mean and variance are the moving ones. The variance is
    /// that by the number of steps. Only x, gain and bias have gradients.
    ///
    /// @param momentum 0 to 1
    /// @param epsilon at least 0
    record BatchNorm(float momentum, float epsilon) implements Normalization {
        /// Checks the numbers.
        public BatchNorm {
            if (!(momentum >= 0 && momentum <= 1) || !(epsilon >= 0)) {
                throw new IllegalArgumentException("batch norm: expected 0 <= momentum <= 1 and epsilon >= 0, got "
                        + momentum + ", " + epsilon);
            }
        }
    }

    /// `x, mean, scale, dy, gain?, lengths? -> dx, dgain[n], dbias[n]`, the gradients of [BatchNorm] in training; dx is
    /// zero at padded steps, where dy does not count.
    record BatchNormGradient() implements Normalization {}

    // ------------------------------------------------------------------------------------------------------- dropout

    /// `x[...], step[] (INT64) -> y[...]`: in training y = x / (1 - rate) with probability 1 - rate, else 0, by the
    /// counter-based generator Philox4x32-10 (Salmon et al. 2011) of (seed, stream, step, position); at inference y =
    /// x. The same operation on dy gives dx.
    ///
    /// @param rate the share of zeros, at least 0 and below 1
    /// @param stream tells the dropouts of a graph apart
    /// @param seed the seed of the training run
    record Dropout(float rate, int stream, long seed) implements Noise {
        /// Checks the rate.
        public Dropout {
            if (!(rate >= 0 && rate < 1)) {
                throw new IllegalArgumentException("dropout: expected 0 <= rate < 1, got " + rate);
            }
        }
    }

    /// `x[...], step[] (INT64) -> y[...]`: in training y = x + deviation n with n normally distributed (Box and Muller
    /// 1958), by Philox4x32-10 of (seed, stream, step, position) as in [Dropout]; at inference y = x.
    ///
    /// @param deviation the standard deviation, at least 0
    /// @param stream tells the noises and dropouts of a graph apart, at least 0
    /// @param seed the seed of the training run
    record GaussianNoise(float deviation, int stream, long seed) implements Noise {
        /// Checks the deviation and the stream.
        public GaussianNoise {
            if (!(deviation >= 0 && deviation < Float.POSITIVE_INFINITY) || stream < 0) {
                throw new IllegalArgumentException("noise: expected 0 <= deviation < infinity and stream >= 0, got "
                        + deviation + ", " + stream);
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

    // ----------------------------------------------------------------------------------------------------------- scan

    /// `a value [B,T,...] for each sequence of the step, h0?[B,...] for each of its states h, a value for each of its
    /// constants, lengths?[B] (INT32) -> a value [B,T,...] for each of its outputs, hN[B,...] for each state, saved`: a
    /// step of graph over the steps of sequences, with the states that each step leaves to the next.
    ///
    /// The step is a graph without parameters. Its inputs are slices `[B,...]` of sequences; states, which it carries
    /// (see [Graph#carried]); and constants, all others, which are the same at every step. They and its outputs are
    /// roles by their names. Absent states are zeros. From a sequence's length on its states stay and its outputs are
    /// zero, whatever its inputs hold there. `saved` is what [ScanGradient] needs.
    ///
    /// @param step what happens at each step
    /// @param sequences the inputs of the step that are slices of sequences; at least one
    /// @param direction in which order the steps are taken
    record Scan(Graph step, List<Value> sequences, Direction direction) implements Op {
        /// Checks that the graph is one step.
        public Scan {
            sequences = List.copyOf(sequences);
            ScanRules.check(step, sequences);
        }

        /// The inputs of the step that are the same at every step.
        public List<Value> constants() {
            return ScanRules.constants(step, sequences);
        }

        @Override
        public String toString() {
            return "Scan[" + step.nodes().size() + " nodes, " + direction + "]";
        }
    }

    /// `the first sequence of the scan, for its extents; the constants that are needed; lengths?, saved; d and the name
    /// of each output of the scan, dhN of each state h, both if not zero
    /// -> d and the name of each sequence, dh0 of each state, d and the name of constants, factors [B,T,...]`: the
    /// gradient of one [Scan], a step of its own from the last step to the first. Gradients of constants are summed over
    /// the steps. Most of them are not outputs, but products over all steps at once of the factors, see [Gradients].
    ///
    /// @param scan what it is the gradient of
    /// @param back the step: it carries the gradients of the scan's states, in their order, and behind them the sums
    /// @param sequences the inputs of back that are slices of gradients
    /// @param kept inputs of back that are values of the scan's step, and these
    record ScanGradient(Scan scan, Graph back, List<Value> sequences, SequencedMap<Value, Value> kept)
            implements Op {
        /// Copies the collections.
        public ScanGradient {
            sequences = List.copyOf(sequences);
            kept = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(kept));
        }

        /// The inputs of back that are the same at every step.
        public List<Value> constants() {
            return ScanRules.constants(back, sequences).stream()
                    .filter(input -> !kept.containsKey(input))
                    .toList();
        }

        @Override
        public String toString() {
            return "ScanGradient[" + back.nodes().size() + " nodes, " + scan.direction() + "]";
        }
    }

    // ----------------------------------------------------------------------------------------------------- optimizers

    /// `x[n] -> norm[], scale[]`: norm = sqrt(sum x²), scale = maxNorm / norm where norm > maxNorm, else 1.
    ///
    /// @param maxNorm above 0; infinity never clips
    record GlobalNorm(float maxNorm) implements Update {
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
    record ClipNorms(float maxNorm, List<Range> tensors) implements Update {
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
    record ClipValues(float maxValue) implements Update {
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
    record Sgd(float momentum, boolean nesterov) implements Update {
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
    record Adam(float beta1, float beta2, float epsilon, float decay, AdamForm form) implements Update {
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
    record RmsProp(float rho, float epsilon, float momentum, boolean centered, RootForm form) implements Update {
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
    record Adagrad(float start, float epsilon, RootForm form) implements Update {
        /// Checks the coefficients.
        public Adagrad {
            if (!(start >= 0) || !(epsilon >= 0)) {
                throw new IllegalArgumentException(
                        "adagrad: expected start and epsilon >= 0, got " + start + ", " + epsilon);
            }
        }
    }
}
