package dev.rondo.training;

import dev.rondo.graph.Op;

/// The operations that optimizers are.
final class Rules {
    private Rules() {}

    static Op of(Optimizer optimizer) {
        return switch (optimizer) {
            case Adagrad adagrad ->
                new Op.Adagrad((float) adagrad.start(), (float) adagrad.epsilon(), switch (adagrad.form()) {
                    case KERAS -> Op.RootForm.KERAS;
                    case PYTORCH -> Op.RootForm.PYTORCH;
                });
            case Adam adam ->
                new Op.Adam((float) adam.beta1(), (float) adam.beta2(), (float) adam.epsilon(), form(adam.form()));
            case AdamW adam ->
                new Op.Adam(
                        (float) adam.beta1(),
                        (float) adam.beta2(),
                        (float) adam.epsilon(),
                        (float) adam.decay(),
                        form(adam.form()));
            case RmsProp rmsProp ->
                new Op.RmsProp(
                        (float) rmsProp.rho(),
                        (float) rmsProp.epsilon(),
                        (float) rmsProp.momentum(),
                        rmsProp.centering() == RmsProp.Centering.MEAN,
                        switch (rmsProp.form()) {
                            case KERAS -> Op.RootForm.KERAS;
                            case PYTORCH -> Op.RootForm.PYTORCH;
                        });
            case Sgd sgd -> new Op.Sgd((float) sgd.momentum(), sgd.form() == Sgd.Form.NESTEROV);
        };
    }

    private static Op.AdamForm form(Adam.Form form) {
        return switch (form) {
            case KERAS -> Op.AdamForm.KERAS;
            case PYTORCH -> Op.AdamForm.PYTORCH;
        };
    }
}
