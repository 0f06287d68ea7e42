// The kernels for x86-64-v3. Built with its flags; includes nothing but what is safe under them.
#include "simd_avx2.hpp"

#include "kernels/all.inl.hpp"

namespace rondo {

const KernelTable &avx2_kernels() { return kernels_of<Simd, StandardActivation<Simd>>; }

} // namespace rondo
