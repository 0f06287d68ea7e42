package dev.rondo.training;

import dev.rondo.plan.Update;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/// Which parameter is of which group.
final class Groups {
    private Groups() {}

    /// A pattern of parameter paths, in which `*` stands for any characters, none and `/` included.
    record Pattern(String text) implements ParameterFilter {
        Pattern {
            if (text.isBlank()) {
                throw new IllegalArgumentException("group: expected a pattern such as lstm/*, got a blank one");
            }
        }

        @Override
        public boolean selects(String path) {
            String[] parts = text.split("\\*", -1);
            if (parts.length == 1) {
                return path.equals(text);
            }
            int at = parts[0].length();
            boolean found = path.startsWith(parts[0]);
            for (int i = 1; found && i < parts.length - 1; i++) {
                int next = path.indexOf(parts[i], at);
                found = next >= 0;
                at = next + parts[i].length();
            }
            String last = parts[parts.length - 1];
            return found && path.length() - last.length() >= at && path.endsWith(last);
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /// The group of each parameter: the first that asks for it, or else none of its own.
    ///
    /// @throws IllegalArgumentException if no parameter is left for a group, or all are frozen
    static SequencedMap<String, Group> of(List<Training.Selection> selections, Collection<String> parameters) {
        SequencedMap<String, Group> groups = new LinkedHashMap<>();
        parameters.forEach(name -> groups.put(name, Group.trained()));
        List<String> left = new ArrayList<>(parameters);
        for (Training.Selection selection : selections) {
            List<String> own = left.stream().filter(selection.parameters()::selects).toList();
            if (own.isEmpty()) {
                throw new IllegalArgumentException("group: %s: expected to select from %s%s, got none of them"
                        .formatted(
                                selection.parameters(),
                                left,
                                left.size() < parameters.size() ? ", which groups before it left" : ""));
            }
            own.forEach(name -> groups.put(name, selection.group()));
            left.removeAll(own);
        }
        if (!groups.isEmpty()
                && groups.values().stream().allMatch(group -> group.learning() == Group.Learning.FROZEN)) {
            throw new IllegalArgumentException("group: expected a parameter that learns, got all of %s frozen"
                    .formatted(parameters));
        }
        return groups;
    }

    /// What the optimizer does with each parameter.
    static SequencedMap<String, Update.Treatment> treatments(Training training, Collection<String> parameters) {
        SequencedMap<String, Update.Treatment> treatments = new LinkedHashMap<>();
        of(training.groups(), parameters)
                .forEach((name, group) -> treatments.put(name, treatment(training.optimizer(), group)));
        return treatments;
    }

    private static Update.Treatment treatment(Optimizer optimizer, Group group) {
        Optimizer own = optimizer instanceof AdamW adam && group.decay().isPresent()
                ? adam.decay(group.decay().getAsDouble())
                : optimizer;
        return switch (group.learning()) {
            case FROZEN -> new Update.Treatment(Optional.empty(), 1, 0, 0);
            case TRAINED ->
                new Update.Treatment(Optional.of(Rules.of(own)), group.rate(), group.l1(), group.l2());
        };
    }
}
