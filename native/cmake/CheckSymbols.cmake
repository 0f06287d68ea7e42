# Fails the build when an instruction set's object defines a weak symbol, of which the linker could choose the copy with
# the wrong instructions, or when the library does not export exactly what the header declares.
#   cmake -DNM=nm -DISA_OBJECTS=a.o,b.o -DLIBRARY=librondo.so -DHEADER=rondo.h -P CheckSymbols.cmake
string(REPLACE "," ";" objects "${ISA_OBJECTS}")
foreach(object IN LISTS objects)
  execute_process(COMMAND "${NM}" --defined-only "${object}" OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]* [VvWwu] [^\n]*" weak "${symbols}")
  if(weak)
    list(JOIN weak "\n  " weak)
    message(FATAL_ERROR "${object} defines weak symbols; put them into an anonymous namespace:\n  ${weak}")
  endif()
endforeach()

execute_process(COMMAND "${NM}" --dynamic --defined-only --format=posix "${LIBRARY}" OUTPUT_VARIABLE symbols
                COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
list(TRANSFORM symbols REPLACE " .*" "")
list(SORT symbols)
file(READ "${HEADER}" header)
string(REGEX MATCHALL "\nRONDO_API [^;(]*" declared "${header}")
list(TRANSFORM declared REPLACE ".*[ *](rondo_[a-z0-9_]+)$" "\\1")
list(SORT declared)
if(NOT symbols STREQUAL declared)
  message(FATAL_ERROR "${LIBRARY} exports [${symbols}], while ${HEADER} declares [${declared}]")
endif()
