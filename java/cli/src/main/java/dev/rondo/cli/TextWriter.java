package dev.rondo.cli;

import dev.rondo.data.CharacterVocabulary;
import dev.rondo.decoding.Sampler;
import dev.rondo.decoding.Sampling;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.StreamingSession;
import java.util.function.IntConsumer;

/// Writes text, one character after another, each drawn from what the model expects.
///
/// @param sampling how
/// @param seed the same seed draws the same text
record TextWriter(Sampling sampling, long seed) {
    /// Goes on with a text.
    ///
    /// @param prompt where to begin; at least one character
    /// @param length number of characters to write
    /// @param out takes each character's code point
    /// @throws IllegalArgumentException if the prompt has characters that the model does not know
    void write(InferenceSession session, CharacterVocabulary vocabulary, String prompt, int length, IntConsumer out) {
        Sampler sampler = sampling.sampler(seed);
        int[] known = vocabulary.encode(prompt);
        float[] scores = new float[vocabulary.size()];
        int[] id = new int[1];
        try (StreamingSession stream = session.stream(1)) {
            for (int character : known) {
                id[0] = character;
                stream.step(id, scores);
            }
            for (int i = 0; i < length; i++) {
                id[0] = sampler.draw(scores);
                out.accept(vocabulary.codePointOf(id[0]));
                stream.step(id, scores);
            }
        }
    }
}
