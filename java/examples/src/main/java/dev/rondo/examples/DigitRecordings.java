package dev.rondo.examples;

import dev.rondo.data.AudioFeatures;
import dev.rondo.data.Frames;
import dev.rondo.data.LabelledFolder;
import dev.rondo.data.MelBank;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The recordings of the Free Spoken Digit Dataset, six speakers, each digit fifty times, unpacked into a folder of
/// their own, which is deleted in the end.
final class DigitRecordings implements AutoCloseable {
    static final List<String> WORDS =
            List.of("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine");
    static final int BANDS = 40;

    /// Takes below are those that the data set has to be scored on.
    private static final int HELD_OUT = 5;
    private static final int RATE = 8000;

    private final Path folder;

    private DigitRecordings(Path folder) {
        this.folder = folder;
    }

    /// Unpacks the archive of the data set.
    ///
    /// @throws IOException if it cannot be read
    static DigitRecordings unpack(Path archive) throws IOException {
        DigitRecordings recordings = new DigitRecordings(Files.createTempDirectory("rondo-digits"));
        try {
            Tar.unpack(archive, recordings.folder);
        } catch (IOException | RuntimeException e) {
            recordings.close();
            throw e;
        }
        return recordings;
    }

    /// The first five takes of each speaker and digit held out, as the data set has it. Labels are digits.
    ///
    /// @throws IOException if the folder cannot be read
    LabelledFolder.Parts parts() throws IOException {
        return LabelledFolder.byName(folder, ".wav", name -> name.substring(0, 1))
                .split(entry -> take(entry) < HELD_OUT);
    }

    /// Whether a recording is one of the first so many takes of each speaker and digit that are not held out.
    static boolean isOfFirst(int takes, LabelledFolder.Entry entry) {
        return take(entry) - HELD_OUT < takes;
    }

    /// Files are called `digit_speaker_take.wav`.
    private static int take(LabelledFolder.Entry entry) {
        String name = entry.name();
        return Integer.parseInt(name.substring(name.lastIndexOf('_') + 1, name.lastIndexOf('.')));
    }

    /// Decibels in 40 mel bands, 25 ms every 10 ms.
    static AudioFeatures features() {
        return AudioFeatures.logMel(
                Frames.of(RATE / 40, RATE / 100), MelBank.slaney(RATE, BANDS), AudioFeatures.Log.decibels());
    }

    @Override
    public void close() throws IOException {
        Tar.delete(folder);
    }
}
