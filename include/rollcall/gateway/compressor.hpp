#pragma once

#include "rollcall/cache/entry.hpp"
#include "rollcall/net/executor.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstddef>

namespace rollcall::gateway {

/// Makes gzip variants on a thread of its own: a large room takes milliseconds, which an event loop does not have.
/// Shared by all lanes.
class compressor {
public:
  /// Waits for what is under way.
  ~compressor();

  /// A copy of `e` with a gzip variant; `e` itself when its body is too small, does not shrink, or when the queue is
  /// full. Awaited on a lane's thread, and resumed there.
  net::task<cache::entry_ptr> with_gzip(cache::entry_ptr e);

private:
  boost::asio::thread_pool pool_{1};
  std::atomic<std::size_t> queued_{0};
};

} // namespace rollcall::gateway
