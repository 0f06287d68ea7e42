/// The benchmark suite: Rondo and its peers on the same work, each in processes of its own that take turns.
///
/// [dev.rondo.benchmarks.suite.BenchCommand] is the command line; [dev.rondo.benchmarks.suite.Tasks] what there is to
/// measure, [dev.rondo.benchmarks.suite.Rounds] how it is measured, [dev.rondo.benchmarks.suite.Row] what comes out.
@NullMarked
package dev.rondo.benchmarks.suite;

import org.jspecify.annotations.NullMarked;
