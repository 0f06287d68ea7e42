package dev.rondo.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Optional;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/// Tells how far a long work is: a bar on a terminal, a line now and then in a log.
sealed interface Progress extends AutoCloseable {
    /// Says how far it is.
    ///
    /// @param done of the total
    /// @param message what there is to tell besides
    void update(long done, String message);

    /// Ends it. The bar disappears.
    @Override
    void close();

    /// What a progress counts.
    ///
    /// @param task what is being done
    /// @param total how much there is to do
    /// @param unit of the total
    /// @param unitSize how much one unit is
    record Work(String task, long total, String unit, long unitSize) {
        /// A number of batches.
        static Work batches(String task, long total) {
            return new Work(task, total, " batches", 1);
        }

        /// A time.
        static Work time(String task, Duration total) {
            return new Work(task, total.toMillis(), " s", 1000);
        }
    }

    /// Starts to tell.
    static Progress start(Screen screen, PrintWriter out, Work work) {
        return screen.isTerminal() ? new Bar(screen, work) : new Lines(out, work);
    }

    /// The bar of me.tongfei.progressbar, on standard error.
    final class Bar implements Progress {
        private final ProgressBar bar;

        Bar(Screen screen, Work work) {
            bar = new ProgressBarBuilder()
                    .setTaskName(work.task())
                    .setInitialMax(work.total())
                    .setUnit(work.unit(), work.unitSize())
                    .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                    .setUpdateIntervalMillis(200)
                    .setConsumer(new Line(screen.width() - 1))
                    .setEtaFunction(state -> left(state.getElapsedAfterStart(), state.getCurrent(), state.getMax()))
                    .clearDisplayOnFinish()
                    .build();
        }

        @Override
        public void update(long done, String message) {
            bar.setExtraMessage("  " + message);
            bar.stepTo(done);
        }

        @Override
        public void close() {
            bar.close();
        }
    }

    /// A line of standard error, which is left empty at the end.
    final class Line extends ConsoleProgressBarConsumer {
        Line(int width) {
            super(System.err, width);
        }

        @Override
        public void close() {
            System.err.flush();
        }
    }

    /// A line at the beginning, then one every ten seconds.
    final class Lines implements Progress {
        private static final long INTERVAL_NANOS = Duration.ofSeconds(10).toNanos();

        private final PrintWriter out;
        private final Work work;
        private final long start = System.nanoTime();
        private long next = start + INTERVAL_NANOS / 5;

        Lines(PrintWriter out, Work work) {
            this.out = out;
            this.work = work;
        }

        @Override
        public void update(long done, String message) {
            long now = System.nanoTime();
            if (now >= next && done < work.total()) {
                next = now + INTERVAL_NANOS;
                String time = left(Duration.ofNanos(now - start), done, work.total())
                        .map(left -> "   %d:%02d left".formatted(left.toMinutes(), left.toSecondsPart()))
                        .orElse("");
                out.printf("%-11s %3d %%   %s%s%n", work.task(), 100 * done / work.total(), message, time);
                out.flush();
            }
        }

        @Override
        public void close() {
            // What was printed stays.
        }
    }

    /// How long the rest takes if it goes on as it went.
    private static Optional<Duration> left(Duration elapsed, long done, long total) {
        return done <= 0
                ? Optional.empty()
                : Optional.of(Duration.ofMillis((long) ((double) elapsed.toMillis() * (total - done) / done)));
    }
}
