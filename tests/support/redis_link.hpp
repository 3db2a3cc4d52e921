#pragma once

#include "rollcall/redis/connection.hpp"

#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace support {

namespace redis = rollcall::redis;
namespace asio = boost::asio;

inline net::steady_clock::time_point in(std::chrono::milliseconds d) {
  return net::steady_clock::now() + d;
}

/// What was logged while this lives.
class log_capture {
public:
  log_capture() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(text_)));
  }
  ~log_capture() { spdlog::set_default_logger(before_); }

  std::size_t count(std::string_view part) const {
    const auto all = text_.str();
    std::size_t n = 0;
    for (auto at = all.find(part); at != all.npos; at = all.find(part, at + 1)) {
      ++n;
    }
    return n;
  }

private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

/// One connection and what it talks to; proves at the end that stop() leaves nothing running.
struct redis_link {
  log_capture log;
  asio::io_context context{1};
  std::unique_ptr<scripted_peer> peer;
  std::unique_ptr<redis::connection> link;

  static redis::connection_options quick() {
    redis::connection_options o;
    o.backoff_first = std::chrono::milliseconds(2);
    o.backoff_most = std::chrono::milliseconds(20);
    o.overdue = std::chrono::seconds(60); // tests of it shorten it
    return o;
  }

  template <class F>
  auto run(F f) {
    return support::run(context, std::move(f));
  }

  redis::connection& connect(redis::endpoint where, redis::connection_options o = quick()) {
    link = std::make_unique<redis::connection>(context.get_executor(), std::move(where), o);
    link->start();
    return *link;
  }
  redis::connection& connect(const std::string& url, redis::connection_options o = quick()) {
    return connect(redis::parse_url(url).value(), o);
  }
  /// To a peer that plays `script` once it has answered the greeting.
  redis::connection& connect_to(scripted_peer::script script, redis::connection_options o = quick()) {
    peer = std::make_unique<scripted_peer>(context, [script](conversation& talk) -> net::task<void> {
      co_await talk.greet();
      co_await script(talk);
    });
    auto& c = connect({.path = "", .host = "127.0.0.1", .port = peer->port(), .user = "", .password = ""}, o);
    run([this]() -> net::task<void> { co_await up(); });
    return c;
  }

  net::task<void> up() {
    return support::until([this] { return link->connected(); });
  }
  net::task<void> down() {
    return support::until([this] { return !link->connected(); });
  }

  /// Lets a command run on the side; the result is there when it has ended.
  std::shared_ptr<std::optional<redis::command_result>> aside(net::task<redis::command_result> t) {
    auto slot = std::make_shared<std::optional<redis::command_result>>();
    asio::co_spawn(context, std::move(t), [slot](std::exception_ptr e, redis::command_result r) {
      BOOST_TEST(!e);
      *slot = std::move(r);
    });
    return slot;
  }

  ~redis_link() {
    if (link) {
      link->stop();
    }
    peer.reset();
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

inline net::task<redis::command_result> get(redis::connection& c, std::string key,
                                            std::chrono::milliseconds limit = std::chrono::seconds(5)) {
  return c.run({"GET", key}, in(limit));
}

inline bool is(const redis::command_result& r, redis::command_error e) {
  return !r && r.error() == e;
}
inline bool is(const redis::command_result& r, std::string_view text) {
  return r && r->text() == text;
}

} // namespace support
