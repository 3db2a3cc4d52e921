#include "cache/trace.hpp"

#include "load/popularity.hpp"
#include "upstream/random.hpp"

namespace rollcall::cache_bench {

trace invent(const mixture& m) {
  trace t{.order = {}, .body = m.body, .recurring = static_cast<std::uint32_t>(m.body.size())};
  const load::popularity popular(m.body.size(), m.zipf);
  standin::random_source random(m.seed);
  for (std::size_t asked = 0; asked < m.requests;) {
    if (random.chance(m.one_offs)) {
      t.order.push_back(static_cast<std::uint32_t>(t.body.size()));
      t.body.push_back(m.one_off_body);
    } else {
      t.order.push_back(static_cast<std::uint32_t>(popular.draw(random)));
      ++asked;
    }
  }
  return t;
}

std::uint32_t body_of(std::size_t members) {
  constexpr std::size_t envelope = 46;
  constexpr std::size_t member = 498;
  return static_cast<std::uint32_t>(envelope + member * members);
}

} // namespace rollcall::cache_bench
