#include "load/result.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

#include <charconv>

namespace rollcall::load {
namespace {

namespace json = boost::json;

template <class Number>
Number number(const json::value& of, std::string_view name) {
  return of.at(name).to_number<Number>();
}

template <class Number>
std::optional<Number> number_or_null(const json::value& of, std::string_view name) {
  const auto* const found = of.as_object().if_contains(name);
  return found == nullptr || found->is_null() ? std::nullopt : std::optional(found->to_number<Number>());
}

std::string text(const json::value& of, std::string_view name) {
  const auto& found = of.at(name).as_string();
  return {found.data(), found.size()};
}

latencies read_latencies(const json::value& of) {
  return {number<std::uint64_t>(of, "count"), number<double>(of, "min"),    number<double>(of, "mean"),
          number<double>(of, "p50"),          number<double>(of, "p90"),    number<double>(of, "p99"),
          number<double>(of, "p99.9"),        number<double>(of, "p99.99"), number<double>(of, "max")};
}

failures read_errors(const json::value& of) {
  failures read{number<std::uint64_t>(of, "connect"), number<std::uint64_t>(of, "timeout"),
                number<std::uint64_t>(of, "closed"),  number<std::uint64_t>(of, "protocol"),
                number<std::uint64_t>(of, "unsent"),  {}};
  for (const auto& [code, count] : of.at("status").as_object()) {
    unsigned value = 0;
    std::from_chars(code.data(), code.data() + code.size(), value);
    read.status[value] = count.to_number<std::uint64_t>();
  }
  return read;
}

std::array<std::uint64_t, cache_outcomes> read_hits(const json::value& of) {
  std::array<std::uint64_t, cache_outcomes> read{};
  for (std::size_t i = 0; i < read.size(); ++i) {
    read[i] = number<std::uint64_t>(of, to_string(static_cast<cache_outcome>(i)));
  }
  return read;
}

void read_series(result& into, const json::value& of) {
  for (const auto& each : of.at("histogram").as_array()) {
    into.histogram.emplace_back(each.at(0).to_number<double>(), each.at(1).to_number<std::uint64_t>());
  }
  for (const auto& p : of.at("series").as_array()) {
    into.series.push_back({number<double>(p, "t"), number<std::uint64_t>(p, "requests"), number<double>(p, "p50_us"),
                           number<double>(p, "p99_us"), read_hits(p.at("hits")), number<std::uint64_t>(p, "errors"),
                           number<std::uint64_t>(p, "wrong"), number_or_null<std::uint64_t>(p, "upstream_calls")});
  }
  for (const auto& e : of.at("events").as_array()) {
    into.events.push_back({number<double>(e, "t"), text(e, "command"), number<int>(e, "status")});
  }
}

/// Results of earlier versions have none.
std::vector<moment> read_moments(const json::value* of) {
  std::vector<moment> read(of == nullptr ? 0 : of->at("requests").as_array().size());
  const auto each = [&](std::string_view name, std::size_t i) {
    return of->at(name).as_array().at(i).to_number<std::uint64_t>();
  };
  for (std::size_t i = 0; i < read.size(); ++i) {
    read[i] = {each("requests", i), each("errors", i), each("wrong", i),
               static_cast<std::int64_t>(each("worst_us", i)) * 1000,
               static_cast<std::int64_t>(each("worst_hit_us", i)) * 1000};
  }
  return read;
}

result read_result(const json::value& of) {
  result read;
  for (const auto& [name, value] : of.at("settings").as_object()) {
    read.settings.emplace_back(name, json::serialize(value));
  }
  read.started = text(of, "started");
  read.seconds = number<double>(of, "seconds");
  read.requests = number<std::uint64_t>(of, "requests");
  read.throughput = number<double>(of, "throughput");
  read.latency = read_latencies(of.at("latency_us"));
  read.writes = read_latencies(of.at("writes_us"));
  read.herds = read_latencies(of.at("herds_us"));
  if (const auto* const hits = of.as_object().if_contains("hits_us")) { // results of earlier versions have none
    read.hit_latency = read_latencies(*hits);
  }
  read.errors = read_errors(of.at("errors"));
  read.wrong = number<std::uint64_t>(of, "wrong");
  read.outdated = number<std::uint64_t>(of, "outdated");
  read.hits = read_hits(of.at("hits"));
  read.cpu_us_per_request = number_or_null<double>(of, "cpu_us_per_request");
  read.rss_bytes = number_or_null<std::uint64_t>(of, "rss_bytes");
  read.upstream_calls = number_or_null<std::uint64_t>(of, "upstream_calls");
  read.bytes_in = number<std::uint64_t>(of, "bytes_in");
  read.bytes_out = number<std::uint64_t>(of, "bytes_out");
  read.client_cpu_us_per_request = number<double>(of, "client_cpu_us_per_request");
  read_series(read, of);
  read.moments = read_moments(of.as_object().if_contains("moments"));
  return read;
}

} // namespace

std::optional<result> from_json(std::string_view text) {
  boost::system::error_code error;
  const auto whole = json::parse({text.data(), text.size()}, error);
  if (error || !whole.is_object()) {
    return std::nullopt;
  }
  try {
    return number<int>(whole, "schema") == 1 ? std::optional(read_result(whole)) : std::nullopt;
  } catch (const std::exception&) { // a member that is not there, or of another type
    return std::nullopt;
  }
}

} // namespace rollcall::load
