package dev.rondo.kernels.ffm;

import dev.rondo.plan.Engine;

/// Prints what engine a fresh process gets, or the message of the exception. Run by [LibraryLoadingTest].
final class PrintEngine {
    private PrintEngine() {}

    public static void main(String[] arguments) {
        try {
            Engine.Description description = Engine.training().engine().description();
            System.out.println("kernels=" + description.kernels());
            System.out.println("isa=" + description.isa());
            System.out.println("library=" + description.library());
            System.out.println("providers=" + description.providers());
            description.reasons().forEach(reason -> System.out.println("reason=" + reason));
        } catch (IllegalStateException | IllegalArgumentException e) {
            System.out.println("exception=" + e.getMessage());
        }
    }
}
