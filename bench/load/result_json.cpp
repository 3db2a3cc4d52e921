#include "load/result.hpp"
#include "upstream/json_text.hpp"

#include <fmt/format.h>

#include <iterator>

namespace rollcall::load {
namespace {

class writer {
public:
  template <class... Values>
  void put(fmt::format_string<Values...> text, Values&&... values) {
    fmt::format_to(std::back_inserter(out_), text, std::forward<Values>(values)...);
  }
  void text(std::string_view value) { standin::append_json(out_, value); }
  template <class Value>
  void number_or_null(const std::optional<Value>& value) {
    value ? put("{}", *value) : put("null");
  }
  template <class Range, class Write>
  void list(char open, const Range& range, char close, Write write) {
    put("{}", open);
    bool first = true;
    for (const auto& each : range) {
      put("{}", first ? "" : ",");
      write(each);
      first = false;
    }
    put("{}", close);
  }
  std::string take() { return std::move(out_); }

private:
  std::string out_;
};

void write_latencies(writer& out, std::string_view name, const latencies& of) {
  out.put(R"(,"{}":{{"count":{},"min":{:.3f},"mean":{:.3f},"p50":{:.3f},"p90":{:.3f},"p99":{:.3f},"p99.9":{:.3f},)"
          R"("p99.99":{:.3f},"max":{:.3f}}})",
          name, of.count, of.min, of.mean, of.p50, of.p90, of.p99, of.p999, of.p9999, of.max);
}

void write_errors(writer& out, const failures& of) {
  out.put(R"(,"errors":{{"connect":{},"timeout":{},"closed":{},"protocol":{},"unsent":{},"status":)", of.connect,
          of.timeout, of.closed, of.protocol, of.unsent);
  out.list('{', of.status, '}', [&](const auto& each) { out.put(R"("{}":{})", each.first, each.second); });
  out.put("}}");
}

void write_hits(writer& out, const std::array<std::uint64_t, cache_outcomes>& hits) {
  std::size_t outcome = 0;
  out.put(R"(,"hits":)");
  out.list('{', hits, '}', [&](std::uint64_t count) {
    out.put(R"("{}":{})", to_string(static_cast<cache_outcome>(outcome++)), count);
  });
}

void write_moments(writer& out, const std::vector<moment>& all) {
  out.put(R"(,"moments":{{"seconds":{})", static_cast<double>(moments::length) / 1e9);
  const auto column = [&](std::string_view name, auto value) {
    out.put(R"(,"{}":)", name);
    out.list('[', all, ']', [&](const moment& each) { out.put("{}", value(each)); });
  };
  column("requests", [](const moment& m) { return m.requests; });
  column("errors", [](const moment& m) { return m.errors; });
  column("wrong", [](const moment& m) { return m.wrong; });
  column("worst_us", [](const moment& m) { return m.worst / 1000; });
  column("worst_hit_us", [](const moment& m) { return m.worst_hit / 1000; });
  out.put("}}");
}

void write_series(writer& out, const result& of) {
  out.put(R"(,"histogram":)");
  out.list('[', of.histogram, ']', [&](const auto& each) { out.put("[{:.3f},{}]", each.first, each.second); });
  out.put(R"(,"series":)");
  out.list('[', of.series, ']', [&](const point& p) {
    out.put(R"({{"t":{},"requests":{},"p50_us":{:.3f},"p99_us":{:.3f})", p.t, p.requests, p.p50_us, p.p99_us);
    write_hits(out, p.hits);
    out.put(R"(,"errors":{},"wrong":{},"upstream_calls":)", p.errors, p.wrong);
    out.number_or_null(p.upstream_calls);
    out.put("}}");
  });
  out.put(R"(,"events":)");
  out.list('[', of.events, ']', [&](const event& e) {
    out.put(R"({{"t":{:.3f},"status":{},"command":)", e.t, e.status);
    out.text(e.command);
    out.put("}}");
  });
}

} // namespace

std::string to_json(const result& of) {
  writer out;
  out.put(R"({{"schema":1,"settings":)");
  out.list('{', of.settings, '}', [&](const auto& each) { out.put(R"("{}":{})", each.first, each.second); });
  out.put(R"(,"started":"{}","seconds":{:.3f},"requests":{},"throughput":{:.1f})", of.started, of.seconds, of.requests,
          of.throughput);
  write_latencies(out, "latency_us", of.latency);
  write_errors(out, of.errors);
  out.put(R"(,"wrong":{},"outdated":{})", of.wrong, of.outdated);
  write_hits(out, of.hits);
  out.put(R"(,"cpu_us_per_request":)");
  out.number_or_null(of.cpu_us_per_request);
  out.put(R"(,"rss_bytes":)");
  out.number_or_null(of.rss_bytes);
  out.put(R"(,"upstream_calls":)");
  out.number_or_null(of.upstream_calls);
  out.put(R"(,"bytes_in":{},"bytes_out":{},"client_cpu_us_per_request":{:.3f})", of.bytes_in, of.bytes_out,
          of.client_cpu_us_per_request);
  write_latencies(out, "writes_us", of.writes);
  write_latencies(out, "herds_us", of.herds);
  write_latencies(out, "hits_us", of.hit_latency);
  write_series(out, of);
  write_moments(out, of.moments);
  out.put("}}\n");
  return out.take();
}

} // namespace rollcall::load
