#include "rollcall/gateway/compressor.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

namespace rollcall::gateway {

namespace asio = boost::asio;

namespace {

// Beyond this many bodies in the queue, new ones stay uncompressed.
constexpr std::size_t queue_most = 256;

cache::entry_ptr add_gzip(const cache::entry_ptr& e) {
  auto packed = cache::gzip_compress(e->plain->body());
  if (packed.size() >= e->plain->body().size())
    return e;
  auto with = std::make_shared<cache::entry>(*e);
  with->gzip = cache::variant::make(e->plain->content_type(), "gzip", packed);
  return with;
}

} // namespace

compressor::~compressor() {
  pool_.join();
}

net::task<cache::entry_ptr> compressor::with_gzip(cache::entry_ptr e) {
  if (e->gzip || e->plain->body().size() <= cache::compress_above)
    co_return e;
  if (queued_.fetch_add(1, std::memory_order_relaxed) >= queue_most) {
    queued_.fetch_sub(1, std::memory_order_relaxed);
    co_return e;
  }
  const auto ex = co_await asio::this_coro::executor;
  using waiter = asio::any_completion_handler<void(cache::entry_ptr)>;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<net::executor>&, void(cache::entry_ptr)>(
      [this, ex](waiter done, cache::entry_ptr plain) {
        // The lane's loop must not run dry while it waits for another thread.
        auto work = asio::make_work_guard(ex);
        asio::post(pool_, [this, ex, work, done = std::move(done), plain = std::move(plain)]() mutable {
          auto packed = plain;
          try {
            packed = add_gzip(plain);
          } catch (const std::bad_alloc&) {
            packed = plain; // served and stored as it is
          }
          queued_.fetch_sub(1, std::memory_order_relaxed);
          asio::post(ex, asio::append(std::move(done), std::move(packed)));
        });
      },
      asio::use_awaitable_t<net::executor>{}, std::move(e));
}

} // namespace rollcall::gateway
