package dev.rondo.training;

import java.util.LinkedHashMap;
import java.util.Map;

/// Lowers the learning rate when a value has not become better for some epochs: Keras's `ReduceLROnPlateau`. It is a
/// callback and no [Schedule], since it depends on scores.
///
/// ```java
/// Fit.epochs(100).validation(heldOut).callback(ReduceOnPlateau.on(Monitor.validationLoss(),
/// 3).factor(0.5).least(1e-5))
/// ```
///
/// The rate is multiplied on top of the schedule's factor, and until the end of the run.
///
/// @param monitor what is to become better
/// @param patience after how many epochs in a row without a better value the rate is lowered, at least 1
/// @param factor what the rate is multiplied by, in (0, 1)
/// @param minDelta by how much a value has to differ from the best to count as better, at least 0
/// @param cooldown for how many epochs after it was lowered none counts as without a better value but the last of
///     them, as in Keras; at least 0
/// @param least the rate below which it does not go, at least 0
public record ReduceOnPlateau(
        Monitor monitor, int patience, double factor, double minDelta, int cooldown, double least)
        implements Callback {
    public ReduceOnPlateau {
        Check.atLeastOne("ReduceOnPlateau: patience", patience);
        Check.positive("ReduceOnPlateau: factor", factor);
        Check.fraction("ReduceOnPlateau: factor", factor);
        Check.notNegative("ReduceOnPlateau: minDelta", minDelta);
        Check.notNegative("ReduceOnPlateau: cooldown", cooldown);
        Check.notNegative("ReduceOnPlateau: least", least);
    }

    /// To a tenth each time, with any better value counting, without cooldown and a least rate.
    public static ReduceOnPlateau on(Monitor monitor, int patience) {
        return new ReduceOnPlateau(monitor, patience, 0.1, 0, 0, 0);
    }

    /// By another factor.
    public ReduceOnPlateau factor(double factor) {
        return new ReduceOnPlateau(monitor, patience, factor, minDelta, cooldown, least);
    }

    /// With values counting as better only from this difference on.
    public ReduceOnPlateau minDelta(double minDelta) {
        return new ReduceOnPlateau(monitor, patience, factor, minDelta, cooldown, least);
    }

    /// With a pause after each time.
    public ReduceOnPlateau cooldown(int epochs) {
        return new ReduceOnPlateau(monitor, patience, factor, minDelta, epochs, least);
    }

    /// Not below this rate.
    public ReduceOnPlateau least(double rate) {
        return new ReduceOnPlateau(monitor, patience, factor, minDelta, cooldown, rate);
    }

    @Override
    public Callback begin(TrainingRun run) {
        monitor.check(run);
        return new InRun(this, run);
    }

    /// In one run.
    private static final class InRun implements Remembering {
        private final ReduceOnPlateau settings;
        private final TrainingRun run;
        private final Best best;
        private int pause;

        InRun(ReduceOnPlateau settings, TrainingRun run) {
            this.settings = settings;
            this.run = run;
            best = new Best(settings.monitor, settings.minDelta);
        }

        @Override
        public Next onEpoch(EpochReport report) {
            if (settings.monitor.of(report).isEmpty()) {
                return Next.CONTINUE;
            }
            if (pause > 0) {
                pause--;
                best.waitAnew();
            }
            best.isNew(report);
            if (pause > 0) {
                best.waitAnew();
            } else if (best.waited() >= settings.patience && run.rate() > settings.least) {
                run.multiplyRate(Math.max(run.rate() * settings.factor, settings.least) / run.rate());
                pause = settings.cooldown;
                best.waitAnew();
            }
            return Next.CONTINUE;
        }

        @Override
        public String settings() {
            return settings.toString();
        }

        @Override
        public Map<String, String> memory() {
            Map<String, String> memory = new LinkedHashMap<>(best.memory());
            memory.put("pause", String.valueOf(pause));
            return memory;
        }

        @Override
        public Next recall(Map<String, String> memory) {
            best.recall(memory);
            pause = Best.count(memory, "pause");
            return Next.CONTINUE;
        }
    }
}
