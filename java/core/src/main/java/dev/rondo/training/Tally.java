package dev.rondo.training;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// The sums over the real steps of some batches, of each loss of a model.
///
/// @param totals in the order of the losses
record Tally(List<Metric.Totals> totals) {
    Tally {
        totals = List.copyOf(totals);
    }

    /// Of no batches.
    static Tally none(int losses) {
        return new Tally(Collections.nCopies(losses, Metric.Totals.NONE));
    }

    /// The sums over both.
    Tally plus(Tally more) {
        List<Metric.Totals> sums = new ArrayList<>();
        for (int i = 0; i < totals.size(); i++) {
            sums.add(totals.get(i).plus(more.totals.get(i)));
        }
        return new Tally(sums);
    }

    /// Real steps, of the output that has the most.
    long steps() {
        long most = 0;
        for (Metric.Totals total : totals) {
            most = Math.max(most, total.steps());
        }
        return most;
    }

    /// The sum of the weights of real steps, of all outputs.
    double weight() {
        double sum = 0;
        for (Metric.Totals total : totals) {
            sum += total.weight();
        }
        return sum;
    }
}
