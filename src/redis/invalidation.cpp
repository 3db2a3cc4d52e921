#include "invalidation.hpp"

#include <utility>
#include <variant>

namespace rollcall::redis {
namespace {

using kind = reply::kind;

/// Sorts a key in.
struct sorter {
  invalidation& into;

  void operator()(value_key k) const { into.values.push_back(std::move(k.id)); }
  void operator()(lease_key k) const { into.leases.push_back(std::move(k.id)); }
  void operator()(signal_key k) const { into.purged.push_back(std::move(k.of)); }
  void operator()(index_key) const {} // nothing that memory holds is in there
  void operator()(foreign_key) const { ++into.foreign; }
};

bool is_text(const reply& r, std::string_view text) {
  return r.is(kind::text) && r.text() == text;
}

} // namespace

std::optional<invalidation> read_invalidation(const reply& r, const keys& names) {
  if (!r.is(kind::array) || r.size() == 0 || !is_text(r[0], "message")) {
    return std::nullopt;
  }
  invalidation said;
  // Anybody who may publish can say something else on the channel. It costs us only a check too many.
  if (r.size() != 3 || !is_text(r[1], invalidation_channel) || !r[2].is(kind::array) || r[2].size() == 0) {
    said.everything = true;
    return said;
  }
  const auto& changed = r[2];
  said.keys = changed.size();
  for (std::size_t i = 0; i < changed.size(); ++i) {
    if (changed[i].is(kind::text)) {
      std::visit(sorter{said}, names.parse(changed[i].text()));
    } else {
      said.everything = true;
      ++said.foreign;
    }
  }
  return said;
}

} // namespace rollcall::redis
