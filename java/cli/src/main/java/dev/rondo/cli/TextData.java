package dev.rondo.cli;

import dev.rondo.data.CharacterVocabulary;
import dev.rondo.data.Dataset;
import dev.rondo.data.TextCorpus;
import java.util.Locale;

/// A text made ready to learn from.
///
/// @param vocabulary all its characters
/// @param split its beginning and its end
/// @param training the beginning, as streams
/// @param heldOut the last tenth, as streams
record TextData(CharacterVocabulary vocabulary, TextCorpus.Split split, Dataset training, Dataset heldOut) {
    private static final double HELD_OUT = 0.1;

    /// @param steps characters after which the gradient is cut off
    static TextData of(TextCorpus corpus, int steps) {
        CharacterVocabulary vocabulary = CharacterVocabulary.of(corpus.text());
        TextCorpus.Split split = corpus.holdOut(HELD_OUT);
        return new TextData(
                vocabulary,
                split,
                Dataset.streams(vocabulary.encode(split.training()), steps),
                Dataset.streams(vocabulary.encode(split.heldOut()), steps));
    }

    /// `1,003,854 characters to learn from, 111,540 held out, 65 different ones`
    String describe() {
        return String.format(
                Locale.ROOT,
                "%,d characters to learn from, %,d held out, %,d different ones",
                split.training().codePointCount(0, split.training().length()),
                split.heldOut().codePointCount(0, split.heldOut().length()),
                vocabulary.size());
    }
}
