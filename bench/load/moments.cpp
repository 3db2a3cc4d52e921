#include "load/moments.hpp"

#include <algorithm>

namespace rollcall::load {

void moment::add(const moment& other) noexcept {
  requests += other.requests;
  errors += other.errors;
  wrong += other.wrong;
  worst = std::max(worst, other.worst);
  worst_hit = std::max(worst_hit, other.worst_hit);
}

moment& moments::at(std::int64_t since_begin) {
  const auto which = static_cast<std::size_t>(std::max<std::int64_t>(since_begin, 0) / length);
  if (which >= all_.size()) {
    all_.resize(which + 1);
  }
  return all_[which];
}

void moments::add(const moments& others) {
  all_.resize(std::max(all_.size(), others.all_.size()));
  for (std::size_t i = 0; i < others.all_.size(); ++i) {
    all_[i].add(others.all_[i]);
  }
}

} // namespace rollcall::load
