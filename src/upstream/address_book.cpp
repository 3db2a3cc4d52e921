#include "rollcall/upstream/address_book.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace rollcall::upstream {

address_book::addresses address_book::found(time_point now, addresses all) {
  looked_up_ = now;
  looking_up_ = false;
  addresses gone;
  std::ranges::copy_if(all_, std::back_inserter(gone),
                       [&](const auto& each) { return std::ranges::find(all, each) == all.end(); });
  all_ = std::move(all);
  return gone;
}

void address_book::worked(const net::tcp::endpoint& which) {
  const auto at = std::ranges::find(all_, which);
  if (at != all_.end())
    std::rotate(all_.begin(), at, all_.end());
}

} // namespace rollcall::upstream
