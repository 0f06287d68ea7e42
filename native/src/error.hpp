// How a call fails inside librondo: fail() throws a Failure, which only api.cpp catches.
#pragma once

#include <cstdint>

namespace rondo {

struct Failure {
    int32_t status; // RONDO_*
    char text[480];
};

// Throws a Failure with a text in the manner of printf.
[[noreturn, gnu::format(printf, 2, 3), gnu::cold]] void fail(int32_t status, const char *format, ...);

} // namespace rondo
