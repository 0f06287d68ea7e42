// Packed weights begin with a header, so that what was made for another instruction set, another shape or by another
// version is refused instead of read.
#pragma once

#include <cstdint>

#include "ops/op.hpp"

namespace rondo {

struct PackHeader {
    uint32_t magic;
    uint32_t abi_version;
    uint32_t op; // RONDO_OP_* of the call that made it
    int32_t isa;
    int32_t cell; // of a recurrent layer, else 0
    int32_t rows;
    int32_t columns;
    uint32_t parts;
    uint32_t reserved[8];

    bool operator==(const PackHeader &) const = default;
};
static_assert(sizeof(PackHeader) == RONDO_ALIGNMENT);

inline PackHeader pack_header(const Context &context, uint32_t op, int32_t cell, int32_t rows, int32_t columns,
                              uint32_t parts) {
    return {0x4F444E52u, RONDO_ABI_VERSION, op, context.kernels->isa, cell, rows, columns, parts, {}};
}

// A pack by `maker` of this shape that holds `parts` (perhaps among others).
inline void require_pack(const Context &context, const char *name, const void *packed, uint32_t maker, int32_t cell,
                         int32_t rows, int32_t columns, uint32_t parts) {
    PackHeader found = *static_cast<const PackHeader *>(packed);
    const uint32_t found_parts = found.parts;
    found.parts &= parts;
    if (found == pack_header(context, maker, cell, rows, columns, parts)) return;
    fail(RONDO_INVALID,
         "%s: expected a pack of op %u for isa %d, cell %d, rows %d, columns %d, parts %u, got op %u, isa %d, cell %d, "
         "rows %d, columns %d, parts %u, version %u",
         name, maker, context.kernels->isa, cell, rows, columns, parts, found.op, found.isa, found.cell, found.rows,
         found.columns, found_parts, found.abi_version);
}

// Cuts memory into aligned pieces; with a null start it only counts.
class Carver {
public:
    explicit Carver(void *memory) : start(static_cast<char *>(memory)) {}

    template <class T> T *take(int64_t count) {
        char *piece = start == nullptr ? nullptr : start + used_bytes;
        used_bytes += aligned(count * static_cast<int64_t>(sizeof(T)));
        return reinterpret_cast<T *>(piece);
    }
    int64_t used() const { return used_bytes; }

private:
    char *start;
    int64_t used_bytes = 0;
};

} // namespace rondo
