package dev.rondo.data;

import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/// A data set whose batches are read ahead by a thread of its own, so that the model does not wait while files are read
/// and decoded. The batches are those of the data set itself, in the same order.
///
/// It reads on in the order of an epoch's batches; where another is asked for (a run that is resumed begins in the
/// middle), it begins anew there. What a batch needs is copied once more. Reading a batch takes a few small objects.
/// [#waits()] tells how long the model waited. For data in memory there is nothing to gain.
public final class Prefetched implements Dataset {
    private final Dataset source;
    private final int ahead;
    private final AtomicLong batches = new AtomicLong();
    private final AtomicLong waiting = new AtomicLong();
    private final AtomicLong working = new AtomicLong();

    Prefetched(Dataset source, int ahead) {
        if (ahead < 1) {
            throw new IllegalArgumentException("ahead: expected at least 1, got " + ahead);
        }
        this.source = source;
        this.ahead = ahead;
    }

    /// How the time of all runs over this data set was spent, from each epoch's first batch to its last.
    ///
    /// @param batches that were read
    /// @param waiting for batches, in seconds
    /// @param working with them, in seconds
    public record Waits(long batches, double waiting, double working) {
        /// The share of the time in which the model was idle for want of data; 0 before the first batch.
        public double idleShare() {
            return waiting + working == 0 ? 0 : waiting / (waiting + working);
        }
    }

    /// How the time was spent so far.
    public Waits waits() {
        return new Waits(batches.get(), waiting.get() * 1e-9, working.get() * 1e-9);
    }

    @Override
    public Reader open(Request request) {
        return new PrefetchingReader(source.open(request), request.signature());
    }

    /// One batch that was read ahead.
    private record Slot(Batch batch, Signature signature) {
        static Slot like(Batch batch, Signature signature, Arena arena) {
            return new Slot(
                    new Batch(
                            like(batch.inputs(), arena),
                            like(batch.targets(), arena),
                            like(batch.allLengths(), arena),
                            like(batch.allWeights(), arena)),
                    signature);
        }

        private static List<MemorySegment> like(List<MemorySegment> segments, Arena arena) {
            return segments.stream()
                    .map(segment -> segment.byteSize() == 0
                            ? MemorySegment.NULL
                            : arena.allocate(segment.byteSize(), Tensor.ALIGNMENT))
                    .toList();
        }

        void copyTo(Batch target) {
            Extents extents = batch.extents();
            for (int i = 0; i < signature.inputs().size(); i++) {
                copy(batch.input(i), target.input(i), signature.inputs().get(i), extents);
            }
            for (int i = 0; i < signature.targets().size(); i++) {
                Part part = signature.targets().get(i);
                copy(batch.target(i), target.target(i), part, extents);
                int steps = part.isTimed() ? batch.timeSteps(part.time()) : 1;
                // Those of sequences have no more room.
                copy(batch.weights(i), target.weights(i), (long) batch.size() * steps * Float.BYTES);
            }
            for (int k = 0; k < batch.times(); k++) {
                copy(batch.lengths(k), target.lengths(k), (long) batch.size() * Integer.BYTES);
            }
            target.filledAs(batch);
        }

        private static void copy(MemorySegment from, MemorySegment to, Part part, Extents extents) {
            copy(from, to, part.shape().elements(extents) * part.type().bytes());
        }

        private static void copy(MemorySegment from, MemorySegment to, long bytes) {
            MemorySegment.copy(from, 0, to, 0, Math.min(from.byteSize(), bytes));
        }
    }

    private final class PrefetchingReader implements Reader {
        private final Reader reader;
        private final Signature signature;
        private final Arena arena = Arena.ofShared();
        private final List<Slot> slots = new ArrayList<>();
        private final List<Future<?>> reads = new ArrayList<>();
        private final ExecutorService thread = Executors.newSingleThreadExecutor(work -> {
            Thread made = new Thread(work, "rondo-prefetch");
            made.setDaemon(true);
            return made;
        });
        /// Batch that `reads` begins with.
        private int next;
        private long lastReturn;
        private boolean closed;

        PrefetchingReader(Reader reader, Signature signature) {
            this.reader = reader;
            this.signature = signature;
        }

        @Override
        public int batches() {
            return reader.batches();
        }

        @Override
        public int largestBatch() {
            return reader.largestBatch();
        }

        @Override
        public int largestTime() {
            return reader.largestTime();
        }

        @Override
        public Extents largest() {
            return reader.largest();
        }

        @Override
        public Continuity continuity() {
            return reader.continuity();
        }

        @Override
        public Lengths lengths() {
            return reader.lengths();
        }

        @Override
        public Weights weights(int target) {
            return reader.weights(target);
        }

        @Override
        public void begin(int epoch) {
            checkOpen();
            stop();
            reader.begin(epoch);
            next = 0;
            lastReturn = 0;
            if (!slots.isEmpty()) {
                readAhead();
            }
        }

        @Override
        public void read(int index, Batch batch) {
            checkOpen();
            if (index < 0 || index >= reader.batches()) {
                throw new IllegalArgumentException(
                        "index: expected 0..%d, got %d".formatted(reader.batches() - 1, index));
            }
            long asked = System.nanoTime();
            while (slots.size() < ahead) {
                slots.add(Slot.like(batch, signature, arena));
            }
            if (index != next) {
                stop();
                next = index;
                lastReturn = 0;
            }
            readAhead();
            await(reads.getFirst());
            reads.removeFirst();
            slots.get(index % ahead).copyTo(batch);
            next = index + 1;
            readAhead();
            long done = System.nanoTime();
            batches.incrementAndGet();
            if (lastReturn != 0) {
                waiting.addAndGet(done - asked);
                working.addAndGet(asked - lastReturn);
            }
            lastReturn = done;
        }

        /// Has all slots read whose batches are still to come.
        private void readAhead() {
            while (reads.size() < ahead && next + reads.size() < reader.batches()) {
                int index = next + reads.size();
                Batch batch = slots.get(index % ahead).batch();
                reads.add(thread.submit(() -> reader.read(index, batch)));
            }
        }

        private void await(Future<?> read) {
            try {
                read.get();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while a batch was read", e);
            } catch (ExecutionException e) {
                stop();
                // As if it had been read here; its trace tells where.
                switch (e.getCause()) {
                    case RuntimeException cause -> throw cause;
                    case Error cause -> throw cause;
                    case null, default -> throw new IllegalStateException(e);
                }
            }
        }

        /// Gives up what was read ahead, and waits until nothing is read any more.
        private void stop() {
            for (Future<?> read : reads) {
                read.cancel(false);
            }
            reads.clear();
            boolean interrupted = false;
            Future<?> last = thread.submit(() -> {});
            while (true) {
                try {
                    last.get();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException | CancellationException e) {
                    throw new IllegalStateException(e);
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        private void checkOpen() {
            if (closed) {
                throw new IllegalStateException("Reader is closed");
            }
        }

        @Override
        public void close() {
            if (!closed) {
                stop();
                closed = true;
                thread.shutdown();
                arena.close();
                reader.close();
            }
        }
    }
}
