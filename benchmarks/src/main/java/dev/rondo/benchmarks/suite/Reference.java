package dev.rondo.benchmarks.suite;

import dev.rondo.benchmarks.suite.PeerProcess.Answer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// The results that are right: what Rondo's pure-Java kernels come to, on the very shape that is measured. They are
/// plain loops held against finite differences and against other libraries by the tests; each runs on one thread, so
/// that as many processes as there are processors share the work.
final class Reference {
    private static final Duration START = Duration.ofMinutes(1);

    private Reference() {}

    /// Computes what is expected of each task, once for those that differ in threads only.
    ///
    /// @throws IllegalStateException if the reference itself fails: nothing can be checked then
    static void prepare(List<Task> tasks, Workbench bench, Implementation java, Path log)
            throws IOException, InterruptedException {
        Map<String, Task> distinct = new LinkedHashMap<>();
        // The largest first, so that none of the processes ends long after the others.
        tasks.stream()
                .sorted(Comparator.comparingDouble(Task::flops).reversed())
                .forEach(task -> distinct.putIfAbsent(task.resultKey(), task));
        distinct.values().removeIf(task -> Files.exists(bench.expected(task)));
        for (Task task : distinct.values()) {
            bench.inputs(task);
            Files.createDirectories(bench.expected(task));
        }
        Queue<Task> queue = new ConcurrentLinkedQueue<>(distinct.values());
        int processes = Math.min(queue.size(), Runtime.getRuntime().availableProcessors());
        List<Future<?>> workers = new ArrayList<>();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < processes; i++) {
                workers.add(executor.submit(() -> {
                    compute(queue, bench, java, log);
                    return null;
                }));
            }
            for (Future<?> worker : workers) {
                worker.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("the reference, pure Java: " + e.getMessage(), e);
        }
    }

    private static void compute(Queue<Task> queue, Workbench bench, Implementation java, Path log)
            throws PeerException, IOException {
        try (PeerProcess process = PeerProcess.start(java, log, START)) {
            for (Task task = queue.poll(); task != null; task = queue.poll()) {
                Answer answer = process.open(
                        task.fields(bench.inputs(task), bench.expected(task)), Rounds.limit(task, 1));
                if (!(answer instanceof Answer.Ok)) {
                    throw new PeerException(task + ": " + answer);
                }
            }
        }
    }
}
