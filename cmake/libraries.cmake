# Every library we link, found once. All come from Debian (script/packages); nothing is downloaded.

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS url json)
find_package(OpenSSL 3 REQUIRED)
find_package(simdjson REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)

# pkg-config's name on the left, the name we link on the right.
function(rollcall_pkg module name)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${module})
  add_library(rollcall::${name} ALIAS PkgConfig::${name})
endfunction()
rollcall_pkg(hiredis hiredis)
rollcall_pkg(libdeflate libdeflate)
rollcall_pkg(libxxhash xxhash)

# Asio's and Beast's sources, each one translation unit; and the precompiled header that all our code shares.
add_library(rollcall_asio STATIC cmake/asio.cpp cmake/beast.cpp)
target_link_libraries(rollcall_asio PUBLIC Boost::headers OpenSSL::SSL Threads::Threads)
add_library(rollcall::asio ALIAS rollcall_asio)

add_library(rollcall_pch STATIC cmake/pch.cpp)
target_link_libraries(rollcall_pch PUBLIC rollcall::asio fmt::fmt)
target_precompile_headers(rollcall_pch PRIVATE
  <array> <atomic> <chrono> <cstdint> <expected> <functional> <memory> <optional> <span> <string> <string_view>
  <system_error> <utility> <variant> <vector>
  <fmt/format.h>
  <boost/asio.hpp> <boost/asio/experimental/parallel_group.hpp>
  <boost/beast/http.hpp>)
