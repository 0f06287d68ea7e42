package dev.rondo.examples;

import java.util.List;

/// All examples. A new one is a class and a line here.
final class Catalog {
    private Catalog() {}

    /// A fresh instance of each, in the order in which they are listed. Name and description are in each one's
    /// `@Command`.
    static List<Example> examples() {
        return List.of(
                new ByHand(),
                new RnnBasics(),
                new Clipping(),
                new Vowels(),
                new Cells(),
                new Airline(),
                new Temperature(),
                new Sunspots(),
                new Etth1(),
                new Adding(),
                new CopyMemory(),
                new Addition(),
                new SmsSpam(),
                new Questions(),
                new Names(),
                new Shakespeare(),
                new WordModel(),
                new Music(),
                new PennTreebank(),
                new Tagger(),
                new SpokenDigits(),
                new Digits(),
                new Translate());
    }
}
