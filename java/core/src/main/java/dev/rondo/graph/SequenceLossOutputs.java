package dev.rondo.graph;

/// The values that an [Op.Ctc] or [Op.Crf] makes.
///
/// @param loss of the batch, a scalar, in nats
/// @param count the number of sequences, a scalar
/// @param perSequence the loss of each, `[B]`
public record SequenceLossOutputs(Value loss, Value count, Value perSequence) {
    static SequenceLossOutputs of(Node node) {
        return new SequenceLossOutputs(node.output("loss"), node.output("count"), node.output("perSequence"));
    }
}
