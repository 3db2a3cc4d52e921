#include "rollcall/redis/backoff.hpp"

#include <algorithm>

namespace rollcall::redis {

backoff::milliseconds backoff::next(double random) {
  const auto ceiling = std::min(ceiling_, most_);
  ceiling_ = ceiling > most_ / 2 ? most_ : ceiling * 2;
  return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(ceiling.count()) * random));
}

} // namespace rollcall::redis
