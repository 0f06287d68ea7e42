/// How a model learns: losses, optimizers, metrics, the settings of a run and what it reports.
@NullMarked
package dev.rondo.training;

import org.jspecify.annotations.NullMarked;
