package dev.rondo.cli;

import dev.rondo.data.Scaler;
import dev.rondo.data.Windows;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Numbers of the command line, checked as they are read, so that an error names the option.
final class Converters {
    private Converters() {}

    /// 1, 2, 3 ...
    static final class Count implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return whole(value, 1, Integer.MAX_VALUE);
        }
    }

    /// 1 to 256, or 0 for as many as processors.
    static final class Threads implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return whole(value, 0, 256);
        }
    }

    /// A number above 0.
    static final class Positive implements ITypeConverter<Double> {
        @Override
        public Double convert(String value) {
            double number = real(value);
            if (!(number > 0)) {
                throw new TypeConversionException("expected a number above 0, got '" + value + "'");
            }
            return number;
        }
    }

    /// A number from 0 on.
    static final class NotNegative implements ITypeConverter<Double> {
        @Override
        public Double convert(String value) {
            double number = real(value);
            if (!(number >= 0) || Double.isInfinite(number)) {
                throw new TypeConversionException("expected a number of at least 0, got '" + value + "'");
            }
            return number;
        }
    }

    /// A number from 0 to below 1.
    static final class Fraction implements ITypeConverter<Double> {
        @Override
        public Double convert(String value) {
            double number = real(value);
            if (!(number >= 0 && number < 1)) {
                throw new TypeConversionException("expected a number from 0 to below 1, got '" + value + "'");
            }
            return number;
        }
    }

    /// A number above 0, at most 1.
    static final class Share implements ITypeConverter<Double> {
        @Override
        public Double convert(String value) {
            double number = real(value);
            if (!(number > 0 && number <= 1)) {
                throw new TypeConversionException("expected a number above 0 and at most 1, got '" + value + "'");
            }
            return number;
        }
    }

    /// A cell.
    static final class Cells extends Choice<Cell> {
        Cells() {
            super(Cell.values());
        }
    }

    /// What a series is scaled to.
    static final class Scalers extends Choice<Scaler.Kind> {
        Scalers() {
            super(Scaler.Kind.values());
        }
    }

    /// What a window's values are told in.
    static final class Relations extends Choice<Windows.Relation> {
        Relations() {
            super(Windows.Relation.values());
        }
    }

    /// One of some constants, written like `to-last`.
    private abstract static class Choice<E extends Enum<E>> implements ITypeConverter<E> {
        private final Map<String, E> choices = new LinkedHashMap<>();

        Choice(E[] constants) {
            for (E constant : constants) {
                choices.put(constant.name().toLowerCase(Locale.ROOT).replace('_', '-'), constant);
            }
        }

        @Override
        public E convert(String value) {
            E choice = choices.get(value);
            if (choice == null) {
                throw new TypeConversionException(
                        "expected one of %s, got '%s'".formatted(String.join(", ", choices.keySet()), value));
            }
            return choice;
        }
    }

    private static int whole(String value, int least, int most) {
        try {
            int number = Integer.parseInt(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        String range = most == Integer.MAX_VALUE ? "of at least " + least : "from " + least + " to " + most;
        throw new TypeConversionException("expected a whole number " + range + ", got '" + value + "'");
    }

    private static double real(String value) {
        try {
            return Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("expected a number, got '" + value + "'");
        }
    }
}
