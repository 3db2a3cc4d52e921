#include "upstream/counters.hpp"

#include "upstream/json_text.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace rollcall::standin {
namespace {

constexpr std::size_t most_endpoints = 1'000;
constexpr std::size_t most_rooms = 100'000;
constexpr std::size_t longest_key = 1'024;

template <class Tally>
void append_tally(std::string& out, const Tally& tally) {
  const std::map<std::string_view, std::uint64_t> sorted(tally.begin(), tally.end());
  char separator = '{';
  for (const auto& [key, count] : sorted) {
    out += separator;
    append_json(out, key);
    out += ':';
    out += fmt::format_int(count).c_str();
    separator = ',';
  }
  out += sorted.empty() ? "{}" : "}";
}

} // namespace

void counters::add(tally& where, std::size_t limit, std::string_view key) {
  if (const auto found = where.find(key); found != where.end()) {
    ++found->second;
  } else if (where.size() < limit && key.size() <= longest_key) {
    where.emplace(key, 1);
  } else {
    ++overflow_;
  }
}

void counters::count(std::string_view path) {
  const std::scoped_lock lock(mutex_);
  ++total_;
  add(endpoints_, most_endpoints, path);
}

void counters::count_room(std::string_view credential, std::string_view wid, std::string_view room) {
  const auto key = fmt::format("{}|{}|{}", credential.empty() ? "-" : credential, wid, room);
  const std::scoped_lock lock(mutex_);
  add(rooms_, most_rooms, key);
}

void counters::connection_opened() {
  accepted_.fetch_add(1, std::memory_order_relaxed);
  open_.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t counters::total() const {
  const std::scoped_lock lock(mutex_);
  return total_;
}

std::string counters::to_json() const {
  const std::scoped_lock lock(mutex_);
  std::string out = fmt::format(R"({{"total":{},"endpoints":)", total_);
  append_tally(out, endpoints_);
  out += R"(,"rooms":)";
  append_tally(out, rooms_);
  out += fmt::format(R"(,"overflow":{},"connections":{{"accepted":{},"open":{}}}}})", overflow_, accepted(),
                     open_.load(std::memory_order_relaxed));
  return out;
}

void counters::reset() {
  const std::scoped_lock lock(mutex_);
  total_ = 0;
  overflow_ = 0;
  endpoints_.clear();
  rooms_.clear();
  accepted_.store(0, std::memory_order_relaxed);
}

} // namespace rollcall::standin
