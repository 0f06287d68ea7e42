// The kernels for x86-64-v2. Built with its flags; includes nothing but what is safe under them.
#include "simd_baseline.hpp"

#include "kernels/all.inl.hpp"

namespace rondo {

const KernelTable &baseline_kernels() { return kernels_of<Simd, StandardActivation<Simd>>; }

} // namespace rondo
