#include "load/upstream_count.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <stdexcept>

namespace rollcall::load {
namespace {

constexpr std::chrono::seconds patience(1); // it is asked while the run goes on

} // namespace

upstream_count::upstream_count(const url& where)
    : address_(find(where)), request_(fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                                                  where.path == "/" ? "/__stats" : where.path, where.authority())) {
  if (!calls()) {
    throw std::runtime_error(where.authority() + ": does not tell how many calls it had, as rollcall-upstream does");
  }
}

std::optional<std::uint64_t> upstream_count::calls() const {
  constexpr std::string_view beginning = R"({"total":)";
  try {
    const auto body = ask_once(address_, request_, patience);
    std::uint64_t total = 0;
    const auto* const digits = body.data() + beginning.size();
    const bool read =
        body.starts_with(beginning) && std::from_chars(digits, body.data() + body.size(), total).ec == std::errc();
    return read ? std::optional(total) : std::nullopt;
  } catch (const std::runtime_error&) { // a gap in the series, not the end of the run
    return std::nullopt;
  }
}

} // namespace rollcall::load
