#include "load/rows.hpp"

#include "load/words.hpp"

#include <fmt/format.h>

namespace rollcall::load {
namespace {

std::string count_text(double value) {
  return with_commas(static_cast<std::uint64_t>(value));
}

std::string micros_text(double value) {
  return fmt::format("{:.2f} us", value);
}

template <class Number>
std::optional<double> number(const std::optional<Number>& of) {
  return of ? std::optional(static_cast<double>(*of)) : std::nullopt;
}

} // namespace

std::string failures_text(const failures& of) {
  std::string text;
  const auto add = [&text](std::string_view what, std::uint64_t count) {
    if (count > 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", what, with_commas(count));
    }
  };
  add("connect", of.connect);
  add("time-out", of.timeout);
  add("closed", of.closed);
  add("protocol", of.protocol);
  add("unsent", of.unsent);
  for (const auto& [code, count] : of.status) {
    add(fmt::format("HTTP {}", code), count);
  }
  return text.empty() ? "none" : text;
}

std::string hits_text(const result& of) {
  std::string text = of.hit_ratio() ? percent(*of.hit_ratio()) + " of those that tell" : "nobody tells";
  for (std::size_t i = 0; i < of.hits.size(); ++i) {
    if (of.hits[i] > 0) {
      text += fmt::format(", {} {}", to_string(static_cast<cache_outcome>(i)), with_commas(of.hits[i]));
    }
  }
  return text;
}

std::vector<row> rows_of(const result& of) {
  return {
      {"requests a second", of.throughput, count_text},
      {"latency p50", of.latency.p50, duration_text},
      {"latency p90", of.latency.p90, duration_text},
      {"latency p99", of.latency.p99, duration_text},
      {"latency p99.9", of.latency.p999, duration_text},
      {"latency p99.99", of.latency.p9999, duration_text},
      {"latency max", of.latency.max, duration_text},
      {"CPU a request", of.cpu_us_per_request, micros_text},
      {"memory", number(of.rss_bytes), bytes_text},
      {"hit ratio", of.hit_ratio(), percent},
      {"upstream calls", number(of.upstream_calls), count_text},
      {"errors", static_cast<double>(of.errors.total()), count_text},
      {"wrong answers", static_cast<double>(of.wrong), count_text},
  };
}

} // namespace rollcall::load
