package dev.rondo.kernels.ffm;

import dev.rondo.inference.InferenceSession;
import java.io.IOException;
import java.nio.file.Path;

/// Opens a model in a fresh process, which loads its kernels meanwhile, and prints on which it runs, or the message of the
/// exception. Run by [LibraryLoadingTest].
final class PrintSession {
    private PrintSession() {}

    public static void main(String[] arguments) {
        try (InferenceSession session = InferenceSession.open(Path.of(arguments[0]))) {
            session.run(new float[5], new float[1]);
            System.out.println("kernels=" + session.engine().description().kernels());
        } catch (IOException | IllegalStateException e) {
            System.out.println("exception=" + e.getMessage());
        }
    }
}
