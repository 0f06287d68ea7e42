package dev.rondo.kernels.ffm;

import dev.rondo.bindings.RondoNative;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.Program;
import dev.rondo.tensor.Extents;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Lists of call structs in native memory, each of which one downcall executes, with the scans between them, whose steps
/// are programs of their own: without scans it is one list. The structs are written when the program is
/// compiled; sizes are rewritten when the extents change, pointers when a buffer is bound to other memory.
final class NativeProgram implements Program {
    /// A place for a buffer's address in a call struct.
    record Pointer(MemorySegment call, long offset) implements Buffer.Place {
        @Override
        public void put(MemorySegment memory) {
            putAddress(call, offset, memory);
        }
    }

    /// Writes the address of native memory as the number that it is: for pointers the JDK links handles of their own,
    /// for which the first prediction of a process would wait.
    static void putAddress(MemorySegment struct, long offset, MemorySegment memory) {
        if (!memory.isNative()) {
            throw new IllegalArgumentException("expected native memory, got " + memory);
        }
        struct.set(ValueLayout.JAVA_LONG, offset, memory.address());
    }

    /// Rewrites the sizes of a call.
    interface Resize {
        void to(Extents extents);
    }

    /// A part of the program.
    sealed interface Stage {
        /// Call structs and what they belong to.
        ///
        /// @param calls their addresses
        /// @param owners the instruction of each
        record Calls(MemorySegment calls, Instruction[] owners) implements Stage {}

        /// A scan, or what is done in Java.
        record Steps(Program scan) implements Stage {}
    }

    private final MemorySegment context;
    private final MemorySegment error;
    private final Stage[] stages;
    private final Resize[] resizes;
    private final Runnable[] beforeRun;
    private @Nullable Extents sizes;

    NativeProgram(
            MemorySegment context, MemorySegment error, Stage[] stages, Resize[] resizes, Runnable[] beforeRun) {
        this.context = context;
        this.error = error;
        this.stages = stages;
        this.resizes = resizes;
        this.beforeRun = beforeRun;
    }

    @Override
    public void run(Extents extents, MemorySegment[] lent) {
        if (!extents.equals(sizes)) {
            // None is right until all are.
            sizes = null;
            for (Resize resize : resizes) {
                resize.to(extents);
            }
            sizes = extents;
        }
        for (Runnable preparation : beforeRun) {
            preparation.run();
        }
        for (Stage stage : stages) {
            // No switch: the JDK makes a class for one over types, which the first prediction of a process waits for.
            if (stage instanceof Stage.Calls list) {
                run(context, list, error, lent[0], lent[1], lent[2], lent[3]);
            } else {
                ((Stage.Steps) stage).scan().run(extents, lent);
            }
        }
    }

    /// Executes calls.
    static void run(
            MemorySegment context, Stage.Calls list, MemorySegment error, MemorySegment lent0, MemorySegment lent1,
            MemorySegment lent2, MemorySegment lent3) {
        int status =
                RondoNative.rondo_run(context, list.calls(), list.owners().length, error, lent0, lent1, lent2, lent3);
        if (status != RondoNative.RONDO_OK()) {
            throw failure(status, list, error);
        }
    }

    private static RuntimeException failure(int status, Stage.Calls list, MemorySegment error) {
        int call = NativeError.call(error);
        String text = NativeError.text(error);
        boolean known = call >= 0 && call < list.owners().length;
        String message = known ? named(list.owners()[call], text) : text;
        return status == RondoNative.RONDO_INVALID() || status == RondoNative.RONDO_OUT_OF_RANGE()
                ? new IllegalArgumentException(message)
                : new IllegalStateException(message + " (status " + status + ")");
    }

    /// Of a text about an element, `gather: ids[3]: expected ...`, the part from the role on, with the name of the
    /// buffer in its place; any other text behind the instruction's name.
    private static String named(Instruction owner, String text) {
        int bracket = text.indexOf('[');
        if (bracket > 0) {
            int role = text.lastIndexOf(' ', bracket) + 1;
            Buffer buffer = owner.inputs().get(camelCase(text.substring(role, bracket)));
            if (buffer != null) {
                return buffer.name() + text.substring(bracket);
            }
        }
        return owner.name() + ": " + text;
    }

    /// `label_lengths` in C is `labelLengths` in Java.
    private static String camelCase(String name) {
        return Pattern.compile("_([a-z])").matcher(name).replaceAll(match -> match.group(1).toUpperCase(Locale.ROOT));
    }
}
