# Configures, builds and installs a CMake project, as native/pom.xml asks for it of the root project:
#   cmake -DBUILD=<folder> [-DSOURCE=<folder>] [-DRESOURCES=<folder>] [-DOPTIONS=<-D...;-D...>]
#         [-DTEST=ON [-DEXCLUDED_LABELS=<regex>]] -P native/build.cmake
# SOURCE is the root project unless said otherwise. Of that it expects the options BUILD_TESTING and RONDO_SANITIZE, and
# that it installs lib/librondo.so.
# RESOURCES receives META-INF/native/<os>-<arch>/librondo.so. Ninja is used where there is one, else make.
cmake_minimum_required(VERSION 3.22)

if(NOT SOURCE)
  get_filename_component(SOURCE "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
endif()

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    list(JOIN ARGV " " line)
    message(FATAL_ERROR "${line}: ended with ${status}")
  endif()
endfunction()

set(generator "")
if(NOT EXISTS "${BUILD}/CMakeCache.txt")
  find_program(ninja NAMES ninja ninja-build)
  if(ninja)
    set(generator -G Ninja)
  endif()
endif()

cmake_host_system_information(RESULT processors QUERY NUMBER_OF_LOGICAL_CORES)
run("${CMAKE_COMMAND}" -S "${SOURCE}" -B "${BUILD}" ${generator} -DCMAKE_BUILD_TYPE=Release ${OPTIONS})
run("${CMAKE_COMMAND}" --build "${BUILD}" --parallel ${processors})

if(RESOURCES)
  string(TOLOWER "${CMAKE_HOST_SYSTEM_NAME}" os)
  execute_process(COMMAND uname -m OUTPUT_VARIABLE arch OUTPUT_STRIP_TRAILING_WHITESPACE)
  run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${BUILD}/install" --strip)
  # Only where it differs: what depends on an untouched file is not built again.
  file(MAKE_DIRECTORY "${RESOURCES}/META-INF/native/${os}-${arch}")
  file(COPY_FILE "${BUILD}/install/lib/librondo.so" "${RESOURCES}/META-INF/native/${os}-${arch}/librondo.so"
       ONLY_IF_DIFFERENT)
endif()

if(TEST)
  run("${CMAKE_CTEST_COMMAND}" --test-dir "${BUILD}" --output-on-failure --no-tests=error --parallel ${processors}
      --label-exclude "${EXCLUDED_LABELS}")
endif()
