package dev.rondo.plan;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.Reduce;
import dev.rondo.graph.Op.ReduceKind;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;

/// What the size of parameters adds to a loss, `a sum |w| + b sum w^2` over each, and its gradients: a graph of the
/// parameters alone, with gradients taken as of any other. They are computed once for each change of the parameters.
final class Penalties implements AutoCloseable {
    private final Parameters parameters;
    private final Plan plan;
    private final Value penalty;
    private final Plan sum;
    private final Value ofLoss;
    private final MemorySegment both;
    private long version = -1;

    /// @param penalized the parameters, at least one, by name
    Penalties(Parameters parameters, SequencedMap<String, Update.Treatment> penalized, Engine engine) {
        this.parameters = parameters;
        Graph.Builder builder = Graph.builder();
        List<Value> terms = new ArrayList<>();
        penalized.forEach((name, treatment) -> {
            Value parameter = builder.parameter(name, parameters.tensor(name).shape());
            if (treatment.l1() > 0) {
                terms.add(term(builder, parameter, UnaryKind.ABS, treatment.l1()));
            }
            if (treatment.l2() > 0) {
                terms.add(term(builder, parameter, UnaryKind.SQUARE, treatment.l2()));
            }
        });
        Value total = terms.getFirst();
        for (int i = 1; i < terms.size(); i++) {
            total = builder.binary("total " + i, BinaryKind.ADD, total, terms.get(i));
        }
        penalty = total;
        builder.output("penalty", penalty);
        Graph graph = builder.build();
        plan = Plan.training(
                Gradients.of(graph, penalty, graph.parameters()), parameters, engine, Extents.of(1, 1));
        try {
            Graph.Builder adding = Graph.builder();
            Shape flat = Shape.of(Math.toIntExact(parameters.trainedElements()));
            ofLoss = adding.input("loss", DataType.FLOAT32, flat);
            Value ofPenalties = adding.input("penalties", DataType.FLOAT32, flat);
            Value all = adding.binary("sum", BinaryKind.ADD, ofLoss, ofPenalties);
            adding.output("sum", all);
            sum = Plan.of(adding.build(), parameters, engine);
            both = sum.memory(all);
            sum.bind(ofPenalties, plan.gradients());
        } catch (RuntimeException | Error e) {
            plan.close();
            throw e;
        }
    }

    /// `factor sum kind(w)`
    private static Value term(Graph.Builder builder, Value parameter, UnaryKind kind, double factor) {
        String name = parameter.name() + " " + kind;
        Value sizes = builder.unary(name, kind, parameter);
        int rank = parameter.shape().rank();
        Value sum = rank == 0
                ? sizes
                : builder.reduce(name + " sum", new Reduce(ReduceKind.SUM, 0, rank), sizes);
        return builder.binary(name + " penalty", BinaryKind.MULTIPLY, sum, builder.constant(factor));
    }

    /// What the penalties of the parameters as they are come to.
    double penalty() {
        compute();
        return plan.scalar(penalty);
    }

    /// Adds the gradients of the penalties to those of a loss.
    ///
    /// @param flat not changed
    /// @return [#sum]
    MemorySegment add(MemorySegment flat) {
        compute();
        sum.bind(ofLoss, flat);
        sum.run(1, 1);
        return both;
    }

    /// What the last [#add] gave. It lives as long as this.
    MemorySegment sum() {
        return both;
    }

    private void compute() {
        if (version != parameters.version()) {
            plan.run(1, 1);
            version = parameters.version();
        }
    }

    @Override
    public void close() {
        sum.close();
        plan.close();
    }
}
