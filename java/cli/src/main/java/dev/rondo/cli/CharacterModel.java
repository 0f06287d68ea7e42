package dev.rondo.cli;

import dev.rondo.Sequential;
import dev.rondo.data.CharacterVocabulary;
import dev.rondo.io.ModelFormatException;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.layers.RecurrentSettings.Output;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.nio.file.Path;
import java.util.Map;

/// A language model over characters: embedding, recurrent layers, and a score for each character to come next.
///
/// @param stack the recurrent layers
/// @param embedding numbers that a character becomes
/// @param seed of first values and dropout
record CharacterModel(RecurrentStack stack, int embedding, long seed) {
    /// Under which a model file keeps the characters in the order of their ids.
    private static final String NOTE = "rondo.characters";

    /// The model with first values.
    Sequential build(CharacterVocabulary vocabulary) {
        Sequential.Builder builder = Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(vocabulary.size(), embedding));
        stack.addTo(builder, Output.SEQUENCES);
        return builder.add(Dense.units(vocabulary.size()))
                .seed(seed)
                .note(NOTE, vocabulary.symbols())
                .build();
    }

    /// Floating-point operations of a training step for each character: forward, and twice that for the gradients of
    /// inputs and weights. Only matrix products are counted, a multiply-add as two.
    double trainingFlopsPerCharacter(int characters) {
        double multiplyAdds = (double) stack.units() * characters + stack.multiplyAdds(embedding);
        return 3 * 2 * multiplyAdds;
    }

    /// The vocabulary of a model that was loaded.
    ///
    /// @param shape of the model's output
    /// @throws ModelFormatException if it is not such a model
    static CharacterVocabulary vocabulary(Path file, Map<String, String> notes, DataType input, Shape shape)
            throws ModelFormatException {
        String symbols = notes.get(NOTE);
        if (symbols == null) {
            throw new ModelFormatException(
                    file,
                    "metadata: expected the characters of a text model under " + NOTE + ", got "
                            + (notes.isEmpty() ? "nothing" : "only " + Screen.printable(notes.keySet().toString())));
        }
        try {
            CharacterVocabulary vocabulary = CharacterVocabulary.ofSymbols(symbols);
            if (input != DataType.INT32 || !shape.equals(Shape.of(Shape.BATCH, Shape.TIME, vocabulary.size()))) {
                throw new ModelFormatException(
                        file,
                        "model: expected ids in and scores [B,T," + vocabulary.size() + "] out, got " + input
                                + " in and "
                                + shape + " out");
            }
            return vocabulary;
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(file, NOTE + ": " + e.getMessage(), e);
        }
    }
}
