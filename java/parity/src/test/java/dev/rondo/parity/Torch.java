package dev.rondo.parity;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Tensors of PyTorch from arrays and back, in double. What is made belongs to the pointer scope around it.
final class Torch {
    static {
        torch.set_num_threads(1);
    }

    private Torch() {}

    static Tensor tensor(double[] numbers, long... dims) {
        try (DoublePointer pointer = new DoublePointer(numbers);
                TensorOptions type = new TensorOptions(ScalarType.Double);
                Tensor view = torch.from_blob(pointer, dims, type)) {
            return view.clone();
        }
    }

    /// One whose gradient is wanted.
    static Tensor leaf(double[] numbers, long... dims) {
        return tensor(numbers, dims).set_requires_grad(true);
    }

    static Tensor integers(long... numbers) {
        try (LongPointer pointer = new LongPointer(numbers);
                TensorOptions type = new TensorOptions(ScalarType.Long);
                Tensor view = torch.from_blob(pointer, new long[] {numbers.length}, type)) {
            return view.clone();
        }
    }

    static double[] numbers(Tensor tensor) {
        double[] numbers = new double[(int) tensor.numel()];
        tensor.contiguous().data_ptr_double().get(numbers);
        return numbers;
    }
}
