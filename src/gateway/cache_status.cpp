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

class writer {
public:
  explicit writer(char* to) : to_(to) {}
  writer& text(std::string_view t) {
    to_ = std::copy(t.begin(), t.end(), to_);
    return *this;
  }
  writer& number(long long n) {
    to_ = std::to_chars(to_, to_ + 24, n).ptr;
    return *this;
  }
  [[nodiscard]] std::size_t written(const char* from) const { return static_cast<std::size_t>(to_ - from); }

private:
  char* to_;
};

} // namespace

// Written by hand, because every hit and every request passed through pays for it: a third of what formatting would
// cost.
field_lines hit_fields(const cache::entry& e, cache::time_point now, std::string_view detail) {
  field_lines lines;
  writer to(lines.text_.data());
  to.text("Age: ").number(age_of(e, now)).text("\r\nCache-Status: rollcall; hit; ttl=");
  to.number(seconds(e.fresh_until - now)).text("; detail=").text(detail.substr(0, detail_most)).text("\r\n");
  lines.size_ = to.written(lines.text_.data());
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
  field_lines lines;
  writer to(lines.text_.data());
  if (served)
    to.text("Age: ").number(age_of(*served, now)).text("\r\n");
  to.text("Cache-Status: rollcall");
  if (reason != forward_reason::none)
    to.text("; fwd=").text(to_string(reason));
  else if (served)
    to.text("; hit");
  if (status != 0)
    to.text("; fwd-status=").number(status);
  if (stored)
    to.text("; stored");
  if (collapsed && reason != forward_reason::none)
    to.text("; collapsed");
  if (served)
    to.text("; ttl=").number(seconds(served->fresh_until - now));
  if (!detail.empty())
    to.text("; detail=").text(detail.substr(0, detail_most));
  to.text("\r\n");
  lines.size_ = to.written(lines.text_.data());
  return lines;
}

} // namespace rollcall::gateway
