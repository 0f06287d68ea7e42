/// JMH benchmarks. Each checks its own result once before it is timed.
package dev.rondo.benchmarks;
