// The kernels of avx512 with identities in place of activations, for wiring_test.cpp.
#include "isa/simd_avx512.hpp"

#include "kernels/all.inl.hpp"

namespace rondo {

const KernelTable &avx512_wiring_kernels();
const KernelTable &avx512_wiring_kernels() { return kernels_of<Simd, IdentityActivation<Simd>>; }

} // namespace rondo
