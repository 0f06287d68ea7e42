/// The `rondo example` command: each example is one class, [dev.rondo.examples.Catalog] lists them. Look at their
/// `run()` and `model()`: the rest is options and printing.
@NullMarked
package dev.rondo.examples;

import org.jspecify.annotations.NullMarked;
