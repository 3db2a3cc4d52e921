#include "rollcall/gateway/cache_status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace rollcall::gateway {

namespace {

// Room for the numbers and words around it is left in any case.
constexpr std::size_t detail_most = 64;

long long seconds(cache::milliseconds d) {
  return std::chrono::floor<std::chrono::seconds>(d).count();
}

// A clock that was set back must not show as a negative age.
long long age_of(const cache::entry& e, cache::time_point now) {
  return std::max(0LL, seconds(now - e.fetched_at));
}

} // namespace

// Written by hand, because every hit pays for it: a third of what formatting would cost.
field_lines hit_fields(const cache::entry& e, cache::time_point now, std::string_view detail) {
  field_lines lines;
  char* to = lines.text_.data();
  const auto text = [&to](std::string_view t) { to = std::copy(t.begin(), t.end(), to); };
  const auto number = [&to](long long n) { to = std::to_chars(to, to + 24, n).ptr; };
  text("Age: ");
  number(age_of(e, now));
  text("\r\nCache-Status: rollcall; hit; ttl=");
  number(seconds(e.fresh_until - now));
  text("; detail=");
  text(detail.substr(0, detail_most));
  text("\r\n");
  lines.size_ = static_cast<std::size_t>(to - lines.text_.data());
  return lines;
}

field_lines remembered_fields(cache::time_point asked_at, cache::time_point now) {
  field_lines lines;
  const auto age = std::max(0LL, seconds(now - asked_at));
  const auto written = fmt::format_to_n(lines.text_.data(), lines.text_.size(),
                                        "Age: {}\r\nCache-Status: rollcall; hit; detail=failure\r\n", age);
  lines.size_ = std::min(written.size, lines.text_.size());
  return lines;
}

std::string_view to_string(forward_reason r) {
  switch (r) {
  case forward_reason::none:
    return "none";
  case forward_reason::request:
    return "request";
  case forward_reason::miss:
    return "miss";
  case forward_reason::stale:
    return "stale";
  case forward_reason::bypass:
    return "bypass";
  }
  return "";
}

field_lines forward_report::fields(cache::time_point now) const {
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  if (served)
    fmt::format_to(out, "Age: {}\r\n", age_of(*served, now));
  fmt::format_to(out, "Cache-Status: rollcall");
  if (reason != forward_reason::none)
    fmt::format_to(out, "; fwd={}", to_string(reason));
  if (status != 0)
    fmt::format_to(out, "; fwd-status={}", status);
  if (stored)
    fmt::format_to(out, "; stored");
  if (collapsed)
    fmt::format_to(out, "; collapsed");
  if (served)
    fmt::format_to(out, "; ttl={}", seconds(served->fresh_until - now));
  if (!detail.empty())
    fmt::format_to(out, "; detail={}", detail);
  fmt::format_to(out, "\r\n");
  field_lines lines;
  lines.size_ = std::min(text.size(), lines.text_.size());
  std::copy_n(text.data(), lines.size_, lines.text_.data());
  return lines;
}

} // namespace rollcall::gateway
