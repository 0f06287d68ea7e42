package dev.rondo.kernels.ffm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rondo.bindings.rondo_error;
import org.junit.jupiter.api.Test;

class NativeErrorTest {
    @Test
    void isAsLargeAsTheBindingsSay() {
        assertEquals(rondo_error.sizeof(), NativeError.BYTES);
    }
}
