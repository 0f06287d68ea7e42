#include "error.hpp"

#include <cstdarg>
#include <cstdio>

namespace rondo {

void fail(int32_t status, const char *format, ...) {
    Failure failure;
    failure.status = status;
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(failure.text, sizeof failure.text, format, arguments);
    va_end(arguments);
    throw failure;
}

} // namespace rondo
