#pragma once

#include "rollcall/cache/memory.hpp"

#include <ostream>
#include <utility>

namespace rollcall::cache {

/// For BOOST_TEST.
inline std::ostream& boost_test_print_type(std::ostream& to, keeping k) {
  return to << to_string(k);
}

} // namespace rollcall::cache

namespace rollcall::test {

/// Gives `e` to memory as asked for just now.
inline cache::keeping keep(cache::memory& m, cache::entry_ptr e, cache::time_point now) {
  return m.insert(std::move(e), now, m.stamp());
}

/// Whether memory then has it, and does not suspect it.
inline bool kept(cache::memory& m, cache::entry_ptr e, cache::time_point now) {
  return keep(m, std::move(e), now) == cache::keeping::kept;
}

} // namespace rollcall::test
