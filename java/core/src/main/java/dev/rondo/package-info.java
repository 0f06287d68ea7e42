/// Models, and what a program needs first.
@NullMarked
package dev.rondo;

import org.jspecify.annotations.NullMarked;
