/// Execution: an engine chooses the kernels, parameters hold the weights, a plan runs a graph again and again.
@NullMarked
package dev.rondo.plan;

import org.jspecify.annotations.NullMarked;
