#include "rollcall/ops/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cassert>
#include <string_view>
#include <utility>

namespace rollcall::ops {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

/// What was registered under one set of labels; only one of the two lists is in use.
struct series {
  std::vector<metrics::reading> readings;
  std::vector<const histogram*> histograms;
};

struct family {
  std::string help;
  MetricType type = MetricType::Untyped;
  std::map<metrics::labels, series> by_labels;
};

[[maybe_unused]] bool is_name(std::string_view name, MetricType type) {
  const bool plain =
      std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  return plain && name.starts_with("rollcall_") && name.ends_with("_total") == (type == MetricType::Counter) &&
         (type != MetricType::Histogram || name.ends_with("_seconds"));
}

/// Infinity is left to the serializer.
ClientMetric::Histogram sum_of(const std::vector<const histogram*>& sources) {
  ClientMetric::Histogram sum;
  for (const auto bound : histogram::bounds)
    sum.bucket.push_back({0, std::chrono::duration<double>(bound).count()});
  for (const auto* source : sources) {
    const auto now = source->read();
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < sum.bucket.size(); ++i) {
      below += now.buckets[i];
      sum.bucket[i].cumulative_count += below;
    }
    sum.sample_count += now.count;
    sum.sample_sum += now.seconds;
  }
  return sum;
}

ClientMetric measured(MetricType type, const metrics::labels& with, const series& from) {
  ClientMetric out;
  for (const auto& [name, value] : with)
    out.label.push_back({name, value});
  double sum = 0;
  for (const auto& read : from.readings)
    sum += read();
  if (type == MetricType::Counter)
    out.counter.value = sum;
  else if (type == MetricType::Gauge)
    out.gauge.value = sum;
  else
    out.histogram = sum_of(from.histograms);
  return out;
}

} // namespace

struct metrics::state {
  std::map<std::string, family> families;

  series& slot(std::string name, std::string help, MetricType type, labels with) {
    assert(is_name(name, type));
    auto [found, fresh] = families.try_emplace(std::move(name));
    auto& [known_help, known_type, by_labels] = found->second;
    assert(fresh || (known_help == help && known_type == type));
    if (fresh) {
      known_help = std::move(help);
      known_type = type;
    }
    return by_labels[std::move(with)];
  }
};

metrics::metrics() : state_(std::make_unique<state>()) {}
metrics::~metrics() = default;

void metrics::add(std::string name, std::string help, metric_kind kind, labels with, reading read) {
  const auto type = kind == metric_kind::counter ? MetricType::Counter : MetricType::Gauge;
  state_->slot(std::move(name), std::move(help), type, std::move(with)).readings.push_back(std::move(read));
}

void metrics::add_histogram(std::string name, std::string help, labels with, const histogram& source) {
  state_->slot(std::move(name), std::move(help), MetricType::Histogram, std::move(with)).histograms.push_back(&source);
}

std::string metrics::render() const {
  std::vector<prometheus::MetricFamily> now;
  for (const auto& [name, family] : state_->families) {
    auto& out = now.emplace_back(prometheus::MetricFamily{name, family.help, family.type, {}});
    for (const auto& [with, from] : family.by_labels)
      out.metric.push_back(measured(family.type, with, from));
  }
  return prometheus::TextSerializer{}.Serialize(now);
}

} // namespace rollcall::ops
