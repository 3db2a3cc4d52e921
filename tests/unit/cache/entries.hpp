#pragma once

#include "rollcall/cache/entry.hpp"
#include "rollcall/cache/freshness.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rollcall::test {

inline cache::time_point at(std::int64_t ms) {
  return cache::time_point(cache::milliseconds(ms));
}

inline cache::identity room(std::string_view name) {
  return {"0123456789abcdef", "wcId", "w-1", name};
}
inline cache::identity room(std::uint64_t n) {
  return room(std::to_string(n) + "@chatroom");
}

/// An entry with a body of `size` bytes that is never fresh and may be served until `serve_until`.
inline std::shared_ptr<cache::entry> make_entry(const cache::identity& id, std::size_t size,
                                                cache::time_point serve_until = at(1'000'000),
                                                std::uint64_t version = 1) {
  auto e = std::make_shared<cache::entry>();
  e->id = id;
  e->version = version;
  e->serve_until = serve_until;
  e->plain = cache::variant::make("application/json", "", std::string(size, 'x'));
  return e;
}

/// One that was fetched at that time, with what `w` makes of it.
inline cache::entry fetched(const cache::windows& w, cache::time_point when, double random = 0) {
  const auto life = cache::lifetime_of(w, when, random);
  cache::entry e;
  e.fetched_at = when;
  e.fresh_until = life.fresh_until;
  e.serve_until = life.serve_until;
  return e;
}

} // namespace rollcall::test
