#include "load/table.hpp"

#include "load/rows.hpp"
#include "load/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace rollcall::load {
namespace {

std::string latency_text(const latencies& of) {
  return fmt::format("p50 {}, p90 {}, p99 {}, p99.9 {}, p99.99 {}, max {}", duration_text(of.p50),
                     duration_text(of.p90), duration_text(of.p99), duration_text(of.p999), duration_text(of.p9999),
                     duration_text(of.max));
}

std::string wrong_text(const result& of) {
  return of.outdated > 0 ? fmt::format("{} ({} of them outdated)", with_commas(of.wrong), with_commas(of.outdated))
                         : with_commas(of.wrong);
}

} // namespace

std::string table_of(const result& of) {
  std::string out;
  const auto line = [&out](std::string_view name, const std::string& value) {
    fmt::format_to(std::back_inserter(out), "{:<16}{}\n", name, value);
  };
  line("requests", fmt::format("{} in {:.1f} s: {}/s", with_commas(of.requests), of.seconds,
                               with_commas(static_cast<std::uint64_t>(of.throughput))));
  line("latency", latency_text(of.latency));
  if (of.writes.count > 0) {
    line("writes", fmt::format("{}: {}", with_commas(of.writes.count), latency_text(of.writes)));
  }
  if (of.herds.count > 0) {
    line("herds", fmt::format("{}: {}", with_commas(of.herds.count), latency_text(of.herds)));
  }
  line("hits", hits_text(of));
  if (of.hit_latency.count > 0) {
    line("", latency_text(of.hit_latency));
  }
  if (of.upstream_calls) {
    const auto asked = static_cast<double>(std::max<std::uint64_t>(of.requests, 1));
    line("upstream", fmt::format("{} calls: {} of the requests needed none", with_commas(*of.upstream_calls),
                                 percent(std::max(0.0, 1 - static_cast<double>(*of.upstream_calls) / asked))));
  }
  if (of.cpu_us_per_request) {
    line("peer", fmt::format("{:.2f} us CPU a request, {} resident", *of.cpu_us_per_request,
                             bytes_text(static_cast<double>(of.rss_bytes.value_or(0)))));
  }
  line("client",
       fmt::format("{:.2f} us CPU a request, {} in, {} out", of.client_cpu_us_per_request,
                   bytes_text(static_cast<double>(of.bytes_in)), bytes_text(static_cast<double>(of.bytes_out))));
  line("errors", failures_text(of.errors));
  line("wrong answers", wrong_text(of));
  for (const auto& each : of.events) {
    line("event", fmt::format("{:.2f} s: {} (status {})", each.t, each.command, each.status));
  }
  return out;
}

std::string comparison_of(const result& a, const result& b) {
  std::string out = fmt::format("{:<20}{:>14}{:>14}{:>10}\n", "", "A", "B", "B / A");
  const auto left = rows_of(a);
  const auto right = rows_of(b);
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto& from = left[i].value;
    const auto& to = right[i].value;
    if (from || to) {
      fmt::format_to(std::back_inserter(out), "{:<20}{:>14}{:>14}{:>10}\n", left[i].name, left[i].shown(),
                     right[i].shown(), from && to && *from > 0 ? fmt::format("{:.2f}", *to / *from) : "-");
    }
  }
  return out;
}

} // namespace rollcall::load
