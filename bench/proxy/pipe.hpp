#pragma once

#include "rollcall/net/executor.hpp"

#include <cstddef>
#include <deque>
#include <string>

namespace rollcall::proxy {

/// What is on its way in one direction: pieces that are due at their times, in their order, and at last its end.
/// Bounded: whoever adds waits while it is full. One thread.
class pipe {
public:
  struct piece {
    enum class kind : std::uint8_t { bytes, end, reset } what = kind::bytes;
    std::string bytes;
    net::steady_clock::time_point due = {}; ///< never before those that were added before
  };

  explicit pipe(net::executor ex) : filled_(ex), emptied_(ex) {}

  void add(piece p);

  /// Until there is room for more, or close().
  net::task<> room();

  /// The next one, when it is due; after close() a `reset`.
  net::task<piece> next();

  /// Wakes everybody who waits.
  void close();

private:
  static constexpr std::size_t most = std::size_t{4} << 20;

  net::task<> wait(net::timer& news);

  std::deque<piece> pieces_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
  net::steady_clock::time_point last_due_ = {};
  net::timer filled_;
  net::timer emptied_;
};

} // namespace rollcall::proxy
