package dev.rondo.training;

import dev.rondo.io.CheckpointFile;
import dev.rondo.io.ModelFormatException;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// What the [Remembering] callbacks of a run remember, in a checkpoint: of the first, `callback.1.settings`,
/// `callback.1.memory.best`, and tensors under `callback/1/`. One that is set otherwise than the one in its place was
/// does not go on from what that one remembered.
///
/// @param callbacks in their order
record Memories(List<Remembering> callbacks) {
    private static final String TENSORS = "callback/";

    static Memories of(List<Callback> callbacks) {
        return new Memories(callbacks.stream()
                .filter(Remembering.class::isInstance)
                .map(Remembering.class::cast)
                .toList());
    }

    private static String settings(int number) {
        return "callback." + number + ".settings";
    }

    private static String memory(int number) {
        return "callback." + number + ".memory.";
    }

    Map<String, String> strings() {
        Map<String, String> strings = new LinkedHashMap<>();
        for (int number = 1; number <= callbacks.size(); number++) {
            Remembering callback = callbacks.get(number - 1);
            String place = memory(number);
            strings.put(settings(number), callback.settings());
            callback.memory().forEach((name, value) -> strings.put(place + name, value));
        }
        return strings;
    }

    SequencedMap<String, Tensor> tensors() {
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        for (int number = 1; number <= callbacks.size(); number++) {
            add(tensors, number);
        }
        return tensors;
    }

    private void add(SequencedMap<String, Tensor> tensors, int number) {
        callbacks.get(number - 1)
                .tensors()
                .forEach((name, tensor) -> tensors.put(TENSORS + number + "/" + name, tensor));
    }

    /// What is not as it was, a sentence each.
    List<String> differences(Map<String, String> state) {
        List<String> differences = new ArrayList<>();
        for (int number = 1; number <= callbacks.size() || state.containsKey(settings(number)); number++) {
            String was = state.getOrDefault(settings(number), "none");
            String is = number <= callbacks.size() ? callbacks.get(number - 1).settings() : "none";
            if (!was.equals(is)) {
                differences.add("callback %d that remembers was %s and is %s".formatted(number, was, is));
            }
        }
        return differences;
    }

    private boolean isAsItWas(CheckpointFile file, int number) {
        return callbacks.get(number - 1).settings().equals(file.state().get(settings(number)));
    }

    /// Has those that are as they were go on from what they remembered.
    ///
    /// @return STOP where one of them had ended the run
    /// @throws ModelFormatException if what one remembered makes no sense
    Callback.Next recall(CheckpointFile file) throws ModelFormatException {
        Callback.Next next = Callback.Next.CONTINUE;
        for (int number = 1; number <= callbacks.size(); number++) {
            if (isAsItWas(file, number)) {
                String place = memory(number);
                Map<String, String> memory = new LinkedHashMap<>();
                file.state().forEach((key, value) -> {
                    if (key.startsWith(place)) {
                        memory.put(key.substring(place.length()), value);
                    }
                });
                try {
                    next = next.and(callbacks.get(number - 1).recall(memory));
                } catch (IllegalArgumentException e) {
                    throw file.wrong(place + "*", String.valueOf(e.getMessage()));
                }
            }
        }
        return next;
    }

    /// What to read of a file's tensors: those of callbacks that are as they were, and in place of those of others some
    /// that nobody looks at.
    SequencedMap<String, Tensor> tensors(CheckpointFile file) {
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        List<String> known = new ArrayList<>();
        for (int number = 1; number <= callbacks.size(); number++) {
            if (isAsItWas(file, number)) {
                add(tensors, number);
                known.add(TENSORS + number + "/");
            }
        }
        file.tensors().forEach((name, info) -> {
            if (name.startsWith(TENSORS) && known.stream().noneMatch(name::startsWith)) {
                tensors.put(name, Tensor.zeros(info.type(), info.shape().dims()));
            }
        });
        return tensors;
    }
}
