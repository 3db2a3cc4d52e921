#include "load/tally.hpp"

namespace rollcall::load {

void failures::add(const failures& other) {
  connect += other.connect;
  timeout += other.timeout;
  closed += other.closed;
  protocol += other.protocol;
  unsent += other.unsent;
  for (const auto& [code, count] : other.status) {
    status[code] += count;
  }
}

std::uint64_t failures::total() const noexcept {
  auto sum = connect + timeout + closed + protocol + unsent;
  for (const auto& [code, count] : status) {
    sum += count;
  }
  return sum;
}

void tally::add(const tally& other) {
  latency.add(other.latency);
  writes.add(other.writes);
  herds.add(other.herds);
  hit_latency.add(other.hit_latency);
  requests += other.requests;
  failed.add(other.failed);
  wrong += other.wrong;
  outdated += other.outdated;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    hits[i] += other.hits[i];
  }
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
}

void tally::clear() {
  latency.clear();
  writes.clear();
  herds.clear();
  hit_latency.clear();
  requests = 0;
  failed = {};
  wrong = 0;
  outdated = 0;
  hits = {};
  bytes_in = 0;
  bytes_out = 0;
}

} // namespace rollcall::load
