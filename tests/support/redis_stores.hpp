#pragma once

#include "rollcall/redis/store.hpp"
#include "rollcall/redis/value.hpp"

#include "support/redis_link.hpp"
#include "support/redis_server.hpp"
#include "support/run.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace support {

namespace cache = rollcall::cache;

/// A Redis, and the stores of two gateways on it; proves at the end that nothing is left running.
struct redis_stores {
  using milliseconds = std::chrono::milliseconds;
  using seconds = std::chrono::seconds;

  /// A gateway's thread.
  struct gateway {
    gateway(boost::asio::io_context& context, const redis_server& server, const redis::connection_options& o = {})
        : link(context.get_executor(), redis::parse_url(server.url()).value(), o) {
      link.start();
    }
    redis::connection link;
    redis::store store{link, "ns"};
  };

  log_capture log;
  redis_server server;
  boost::asio::io_context context{1};
  gateway one{context, server};
  gateway two{context, server};
  redis::store& store = one.store;
  cache::time_point now = cache::wall_now();
  const cache::identity id{"-", "wcId", "0000016e", "2332@chatroom"};
  const std::string key = "ns:{-:wcId:0000016e:2332@chatroom}";
  const std::string lease_key = key + ":lease";

  redis_stores() { connected(); }
  ~redis_stores() {
    one.link.stop();
    two.link.stop();
    try {
      drain(context);
    } catch (const std::exception& e) {
      BOOST_ERROR(e.what());
    }
  }

  static net::steady_clock::time_point soon() { return in(seconds(5)); }

  /// What a coroutine of a store comes to.
  template <class T>
  T run(net::task<T> work) {
    return support::run(context, [&]() -> net::task<T> { return std::move(work); });
  }

  void connected() {
    support::run(context, [this]() -> net::task<void> {
      co_await until([this] { return one.link.connected() && two.link.connected(); });
    });
  }

  static cache::entry_ptr make(std::string_view body, cache::time_point fetched, const cache::identity& of,
                               std::uint64_t version = 42) {
    auto e = std::make_shared<cache::entry>();
    e->id = of;
    e->version = version;
    e->fetched_at = fetched;
    e->fresh_until = fetched + seconds(60);
    e->serve_until = fetched + seconds(3600);
    e->plain = cache::variant::make("application/json", "", body);
    if (body.size() > cache::compress_above) {
      e->gzip = cache::variant::make("application/json", "gzip", cache::gzip_compress(body));
    }
    return e;
  }
  cache::entry_ptr make(std::string_view body) const { return make(body, now, id); }

  /// Writes `e` as if somebody had fetched it.
  void hold(const cache::entry_ptr& e) {
    const auto where = "ns:{" + std::string(e->id.text()) + '}';
    BOOST_REQUIRE(server.command({"SET", where, redis::encode(*e).value(), "PX", "3600000"}) == "OK");
  }

  redis::claim_terms terms() const { return {.now = now, .fresh = seconds(60)}; }
  redis::claim claim(redis::store& by) { return run(by.get_or_claim(id, terms(), soon())); }
  redis::claim claim(const redis::claim_terms& t) { return run(store.get_or_claim(id, t, soon())); }
  redis::claim claim() { return claim(store); }
  redis::lease leased(redis::store& by) {
    auto c = claim(by);
    BOOST_REQUIRE((c.outcome == redis::claim_outcome::leased));
    BOOST_REQUIRE(c.lease.has_value());
    return *c.lease;
  }
  redis::lease leased() { return leased(store); }

  redis::found get() { return run(store.get(id, now, soon())); }
  redis::found get(const cache::identity& of) { return run(store.get(of, now, soon())); }
  redis::lease_outcome put(const redis::lease& l, cache::entry_ptr e) {
    return run(store.put(l, std::move(e), now, soon()));
  }
  bool enlist(const cache::identity& of) { return run(store.enlist(of, now, now + seconds(3600), soon())); }

  long left_of(std::string_view of) { return std::stol(server.command({"PTTL", of})); }

  /// Keys that would stay for ever.
  std::vector<std::string> immortal() {
    std::vector<std::string> found;
    std::istringstream all(server.command({"KEYS", "*"}));
    for (std::string k; all >> k;) {
      if (left_of(k) < 0) {
        found.push_back(k);
      }
    }
    return found;
  }
};

} // namespace support
