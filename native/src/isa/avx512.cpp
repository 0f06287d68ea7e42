// The kernels for x86-64-v4. Built with its flags; includes nothing but what is safe under them.
#include "simd_avx512.hpp"

#include "kernels/all.inl.hpp"

namespace rondo {

const KernelTable &avx512_kernels() { return kernels_of<Simd, StandardActivation<Simd>>; }

} // namespace rondo
