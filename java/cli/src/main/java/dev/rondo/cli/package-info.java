/// The `rondo` command: arguments, progress and messages. What it does, it asks of module `dev.rondo`.
@NullMarked
package dev.rondo.cli;

import org.jspecify.annotations.NullMarked;
