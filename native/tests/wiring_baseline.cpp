// The kernels of baseline with identities in place of activations, for wiring_test.cpp.
#include "isa/simd_baseline.hpp"

#include "kernels/all.inl.hpp"

namespace rondo {

const KernelTable &baseline_wiring_kernels();
const KernelTable &baseline_wiring_kernels() { return kernels_of<Simd, IdentityActivation<Simd>>; }

} // namespace rondo
