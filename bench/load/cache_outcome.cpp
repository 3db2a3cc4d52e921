#include "load/cache_outcome.hpp"

namespace rollcall::load {

std::string_view to_string(cache_outcome outcome) noexcept {
  switch (outcome) {
  case cache_outcome::memory:
    return "memory";
  case cache_outcome::redis:
    return "redis";
  case cache_outcome::stale:
    return "stale";
  case cache_outcome::miss:
    return "miss";
  case cache_outcome::none:
    return "none";
  }
  return "";
}

cache_outcome outcome_of(std::string_view cache_status) noexcept {
  if (cache_status.contains("fwd=stale") || cache_status.contains("ttl=-")) {
    return cache_outcome::stale;
  }
  if (cache_status.contains("; hit")) {
    return cache_status.contains("detail=redis") ? cache_outcome::redis : cache_outcome::memory;
  }
  return cache_status.contains("fwd=") && !cache_status.contains("fwd=bypass") ? cache_outcome::miss
                                                                               : cache_outcome::none;
}

} // namespace rollcall::load
