#include "rollcall/redis/master_watch.hpp"

#include "support/redis_link.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace redis = rollcall::redis;
namespace net = rollcall::net;
namespace asio = boost::asio;
using std::chrono::milliseconds;
using support::bulk;
using support::conversation;
using support::scripted_peer;
using support::until;

namespace {

/// What the Sentinels are to say, all but one that takes connections and says nothing.
struct sentinels {
  static constexpr int before = 6001, after = 6002; ///< ports of the master

  support::log_capture log;
  asio::io_context context{1};
  int master = before;
  int epoch = 1;
  bool announce = false;
  int answers = 0;
  std::vector<std::unique_ptr<scripted_peer>> peers;
  std::unique_ptr<redis::master_watch> watch;

  net::task<void> play(conversation& talk) {
    co_await talk.greet();
    const auto first = co_await talk.command();
    if (first[0] == "SUBSCRIBE") {
      co_await talk.send("*3\r\n" + bulk("subscribe") + bulk("+switch-master") + ":1\r\n");
      co_await until([&] { return announce; });
      co_await talk.send("*3\r\n" + bulk("message") + bulk("+switch-master") +
                         bulk(fmt::format("main 127.0.0.1 {} 127.0.0.1 {}", before, after)));
      co_await talk.ignore();
    }
    ++answers;
    co_await talk.send("*2\r\n" + bulk("127.0.0.1") + bulk(std::to_string(master)));
    co_await talk.command();
    co_await talk.send("*2\r\n" + bulk("config-epoch") + bulk(std::to_string(epoch)));
    co_await talk.command();
    co_await talk.send("*0\r\n");
    co_await talk.ignore();
  }

  redis::master_watch& watch_them(int well, int mute) {
    redis::deployment of;
    of.how = redis::deployment::form::sentinel;
    of.master = "main";
    for (int i = 0; i < well + mute; ++i) {
      peers.push_back(std::make_unique<scripted_peer>(
          context, [this, mute = i >= well](conversation& talk) { return mute ? talk.ignore() : play(talk); }));
      of.nodes.push_back({"127.0.0.1", peers.back()->port()});
    }
    watch = std::make_unique<redis::master_watch>(context.get_executor(), of);
    watch->start();
    return *watch;
  }

  template <class F>
  auto run(F f) {
    return support::run(context, std::move(f));
  }

  ~sentinels() {
    if (watch) {
      watch->stop();
    }
    peers.clear();
    support::drain(context);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_sentinels_that_are_scripted, sentinels)

// The master and one Sentinel were on a machine that died: rounds of questions then last as long as the wait for that
// Sentinel, and the announcement comes within one, after the others have named the old master.
BOOST_AUTO_TEST_CASE(what_was_told_before_an_announcement_does_not_lead_back) {
  auto& w = watch_them(2, 1);
  run([&]() -> net::task<void> {
    co_await until([&] { return w.stats().connected.get() == 2 && w.master() && w.master()->port == before; });
    co_await until([&] { return w.stats().failures.get() == 1; }); // the first round is over
    const auto asked = answers;
    w.doubt();
    co_await until([&] { return answers == asked + 2; });
    master = after;
    epoch = 2;
    announce = true;
    co_await until([&] { return w.master()->port == after; });
    w.doubt(); // all connections end
    co_await until([&] { return w.stats().failures.get() == 3; });
    BOOST_TEST(w.stats().switches.get() == 1U);
    BOOST_TEST(w.master()->port == after);
  });
}

BOOST_AUTO_TEST_SUITE_END()
