#pragma once

#include "rollcall/redis/client.hpp"
#include "rollcall/redis/connection.hpp"
#include "rollcall/redis/endpoint.hpp"

#include "support/redis_cluster.hpp"
#include "support/redis_link.hpp"
#include "support/run.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace support {

/// A client of a cluster; proves at the end that stop() leaves nothing running.
struct cluster_link {
  log_capture log;
  asio::io_context context{1};
  std::unique_ptr<redis::client> link;

  template <class F>
  auto run(F f, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    return support::run(context, std::move(f), limit);
  }

  redis::client& connect(const redis::deployment& to, redis::connection_options o = redis_link::quick()) {
    link = redis::make_client(context.get_executor(), to, o);
    link->start();
    return *link;
  }
  /// Until it is connected to so many masters.
  void up(std::uint64_t masters) {
    run([this, masters]() -> net::task<void> {
      co_await until([this, masters] { return link->stats().up.get() == masters; });
    });
  }

  redis::command_result ask(std::string_view key, std::initializer_list<std::string_view> args,
                            std::chrono::milliseconds limit = std::chrono::seconds(5)) {
    return run([&]() -> net::task<redis::command_result> { return link->run_for(key, args, in(limit)); });
  }
  redis::command_result get(std::string_view key, std::chrono::milliseconds limit = std::chrono::seconds(5)) {
    return ask(key, {"GET", key}, limit);
  }
  redis::command_result set(std::string_view key, std::string_view value) { return ask(key, {"SET", key, value}); }

  /// Lets the loop run for so long.
  void pass(std::chrono::milliseconds time) {
    run([time]() -> net::task<void> {
      net::timer t(co_await asio::this_coro::executor, time);
      co_await t.async_wait(net::no_throw);
    });
  }

  ~cluster_link() {
    if (link) {
      link->stop();
    }
    try {
      drain(context);
    } catch (const std::exception& e) {
      BOOST_ERROR(e.what());
    }
    if (link) {
      BOOST_TEST(link->stats().pending.get() == 0U);
      BOOST_TEST(link->stats().up.get() == 0U);
    }
  }
};

} // namespace support
