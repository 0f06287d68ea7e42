#include "dispatch.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "error.hpp"
#include "rondo/rondo.h"

namespace rondo {

namespace {

// "baseline, avx2 or avx512"
void name_isas(char *text, size_t size) {
    const std::span<const int32_t> isas = known_isas();
    size_t length = 0;
    for (size_t i = 0; i < isas.size() && length < size; i++) {
        const char *before = i == 0 ? "" : i + 1 == isas.size() ? " or " : ", ";
        length += static_cast<size_t>(std::snprintf(text + length, size - length, "%s%s", before, isa_name(isas[i])));
    }
}

} // namespace

int32_t isa_of_name(const char *name) {
    for (const int32_t isa : known_isas())
        if (std::strcmp(name, isa_name(isa)) == 0) return isa;
    return -1;
}

uint32_t usable_isas(const Cpu &cpu) {
    uint32_t mask = 0;
    char text[8];
    for (const int32_t isa : known_isas())
        if (isa_lacks(cpu, isa, text, sizeof text) == 0) mask |= 1u << isa;
    return mask;
}

int32_t best_isa(const Cpu &cpu) {
    const uint32_t usable = usable_isas(cpu);
    int32_t best = RONDO_ISA_AUTO;
    for (const int32_t isa : known_isas())
        if ((usable >> isa & 1u) != 0) best = isa;
    return best;
}

int32_t choose_isa(const Cpu &cpu, int32_t option) {
    const char *by = "";
    int32_t isa = option;
    if (option == RONDO_ISA_AUTO) {
        const char *forced = std::getenv("RONDO_FORCE_ISA");
        if (forced != nullptr && forced[0] != '\0') {
            by = "RONDO_FORCE_ISA: ";
            isa = isa_of_name(forced);
            if (isa < 0) {
                char names[100];
                name_isas(names, sizeof names);
                fail(RONDO_INVALID, "RONDO_FORCE_ISA: expected %s, got \"%.40s\"", names, forced);
            }
        } else {
            isa = best_isa(cpu);
            if (isa == RONDO_ISA_AUTO) isa = RONDO_ISA_BASELINE; // fails below, with the reason
        }
    }
    if (isa < RONDO_ISA_BASELINE || isa > RONDO_ISA_AVX512)
        fail(RONDO_INVALID, "isa: expected 0 to %d, got %d", RONDO_ISA_AVX512, option);
    char text[300];
    if (isa_lacks(cpu, isa, text, sizeof text) > 0)
        fail(RONDO_UNSUPPORTED, "%s%s cannot run here: %s", by, isa_name(isa), text);
    return isa;
}

} // namespace rondo
