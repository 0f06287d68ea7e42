package dev.rondo.benchmarks;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// How many float operations one call of a benchmark takes (a multiply-add counts two), for [MachineLimit]. It must
/// sample its time in milliseconds, and probe the peak before each call. With a parameter `cell`, a recurrent cell, the
/// operations are those of one of its gates.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Flops {
    /// The number.
    double value();
}
