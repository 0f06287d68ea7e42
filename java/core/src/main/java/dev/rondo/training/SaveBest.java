package dev.rondo.training;

import java.nio.file.Path;
import java.util.Map;

/// Saves the model after each epoch that is the best so far: what [Fit#saveBest] adds to a run. The file is replaced
/// whole or not at all, so it is the best model so far at any moment.
///
/// @param file a model file
/// @param monitor what is to become better
record SaveBest(Path file, Monitor monitor) implements Callback {
    @Override
    public Callback begin(TrainingRun run) {
        monitor.check(run);
        return new InRun(this, run);
    }

    /// In one run.
    private static final class InRun implements Remembering {
        private final SaveBest settings;
        private final TrainingRun run;
        private final Best best;

        InRun(SaveBest settings, TrainingRun run) {
            this.settings = settings;
            this.run = run;
            best = new Best(settings.monitor, 0);
        }

        @Override
        public Next onEpoch(EpochReport report) {
            if (best.isNew(report)) {
                run.save(settings.file);
            }
            return Next.CONTINUE;
        }

        /// The file may be another: it changes nothing in the run.
        @Override
        public String settings() {
            return "SaveBest[" + settings.monitor + "]";
        }

        @Override
        public Map<String, String> memory() {
            return best.memory();
        }

        @Override
        public Next recall(Map<String, String> memory) {
            best.recall(memory);
            return Next.CONTINUE;
        }
    }
}
