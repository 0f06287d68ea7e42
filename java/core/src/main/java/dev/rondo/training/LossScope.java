package dev.rondo.training;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.PoolKind;
import dev.rondo.graph.Op.ReduceKind;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.Optional;

/// Operations for a [Loss.Formula]. Every method throws an [IllegalArgumentException] that names the operation, what
/// was expected and what came if values do not fit.
public final class LossScope {
    private final Graph.Builder graph;
    private final String name;
    private final Optional<Value> lengths;
    private int operations;

    /// @param name of the loss in the graph
    /// @param lengths of the output's sequences; empty where all have all steps
    LossScope(Graph.Builder graph, String name, Optional<Value> lengths) {
        this.graph = graph;
        this.name = name;
        this.lengths = lengths;
    }

    private String next(String operation) {
        return "%s.%s%d".formatted(name, operation, ++operations);
    }

    /// A number.
    public Value number(double number) {
        return graph.constant(number);
    }

    /// `a + b`. Of this and all other operations of two values the shapes are laid over each other from their last axes
    /// on, as in NumPy.
    public Value add(Value a, Value b) {
        return binary("add", BinaryKind.ADD, a, b);
    }

    /// `a - b`.
    public Value subtract(Value a, Value b) {
        return binary("subtract", BinaryKind.SUBTRACT, a, b);
    }

    /// `a b`, number by number.
    public Value multiply(Value a, Value b) {
        return binary("multiply", BinaryKind.MULTIPLY, a, b);
    }

    /// `a / b`, number by number.
    public Value divide(Value a, Value b) {
        return binary("divide", BinaryKind.DIVIDE, a, b);
    }

    /// The larger of each two numbers.
    public Value maximum(Value a, Value b) {
        return binary("maximum", BinaryKind.MAXIMUM, a, b);
    }

    /// The smaller of each two numbers.
    public Value minimum(Value a, Value b) {
        return binary("minimum", BinaryKind.MINIMUM, a, b);
    }

    private Value binary(String operation, BinaryKind kind, Value a, Value b) {
        return graph.binary(next(operation), kind, a, b);
    }

    /// `-x`.
    public Value negate(Value x) {
        return unary("negate", UnaryKind.NEGATE, x);
    }

    /// `|x|`; its derivative at 0 is 0.
    public Value abs(Value x) {
        return unary("abs", UnaryKind.ABS, x);
    }

    /// `x^2`.
    public Value square(Value x) {
        return unary("square", UnaryKind.SQUARE, x);
    }

    /// The square root.
    public Value sqrt(Value x) {
        return unary("sqrt", UnaryKind.SQRT, x);
    }

    /// `e^x`.
    public Value exp(Value x) {
        return unary("exp", UnaryKind.EXP, x);
    }

    /// The natural logarithm.
    public Value log(Value x) {
        return unary("log", UnaryKind.LOG, x);
    }

    /// `1 / (1 + e^-x)`.
    public Value sigmoid(Value x) {
        return unary("sigmoid", UnaryKind.SIGMOID, x);
    }

    /// The hyperbolic tangent.
    public Value tanh(Value x) {
        return unary("tanh", UnaryKind.TANH, x);
    }

    /// `max(x, 0)`.
    public Value relu(Value x) {
        return unary("relu", UnaryKind.RELU, x);
    }

    /// `log(1 + e^x)`.
    public Value softplus(Value x) {
        return unary("softplus", UnaryKind.SOFTPLUS, x);
    }

    private Value unary(String operation, UnaryKind kind, Value x) {
        return graph.unary(next(operation), kind, x);
    }

    /// The softmax over the last axis.
    public Value softmax(Value x) {
        return graph.softmax(next("softmax"), x);
    }

    /// The sum over the last axis: of `[B,T,C]`, `[B,T]`.
    public Value sum(Value x) {
        return reduce("sum", ReduceKind.SUM, x);
    }

    /// The mean over the last axis: of `[B,T,C]`, `[B,T]`.
    public Value mean(Value x) {
        return reduce("mean", ReduceKind.MEAN, x);
    }

    private Value reduce(String operation, ReduceKind kind, Value x) {
        int rank = x.shape().rank();
        if (rank < 2) {
            throw new IllegalArgumentException(
                    "%s: expected [B,...,n] to take it over the last axis, got %s".formatted(operation, x.shape()));
        }
        return graph.reduce(next(operation), new Op.Reduce(kind, rank - 1, rank), x);
    }

    /// The sum over the real steps of each sequence: of `[B,T,C]`, `[B,C]`; of `[B,T]`, `[B]`.
    public Value sumOverTime(Value x) {
        return pool("sumOverTime", PoolKind.SUM, x);
    }

    /// The mean over the real steps of each sequence: of `[B,T,C]`, `[B,C]`; of `[B,T]`, `[B]`.
    public Value meanOverTime(Value x) {
        return pool("meanOverTime", PoolKind.MEAN, x);
    }

    private Value pool(String operation, PoolKind kind, Value x) {
        return lengths.map(own -> graph.poolTime(next(operation), kind, x, own))
                .orElseGet(() -> graph.poolTime(next(operation), kind, x));
    }

    /// Checks what a formula gives.
    ///
    /// @param y what the model gives
    void check(String loss, Value cost, Value y) {
        Shape steps = y.shape().leading();
        Shape sequences = Shape.of(Shape.BATCH);
        if (cost.type() != DataType.FLOAT32 || !cost.shape().equals(steps) && !cost.shape().equals(sequences)) {
            throw new IllegalArgumentException("loss: expected %s to give FLOAT32 %s%s, got %s %s".formatted(
                    loss, steps, steps.equals(sequences) ? "" : " or " + sequences, cost.type(), cost.shape()));
        }
    }
}
