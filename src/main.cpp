// Wires the command line, the log and the signals to a gateway, and runs it.
#include "rollcall/cache/heap.hpp"
#include "rollcall/cache/page_store.hpp"
#include "rollcall/gateway/gateway.hpp"
#include "rollcall/ops/config.hpp"
#include "rollcall/ops/log.hpp"
#include "rollcall/ops/open_files.hpp"
#include "rollcall/ops/service_manager.hpp"

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>

namespace {

using rollcall::gateway::gateway;
using rollcall::gateway::predecessor;
using rollcall::ops::config;

// The first signal drains, the second cuts off what is left.
void drain_on_signal(boost::asio::signal_set& signals, gateway& g) {
  signals.async_wait([&](boost::system::error_code cancelled, int) {
    if (cancelled)
      return;
    g.drain();
    drain_on_signal(signals, g);
  });
}

// What the same arguments and the file come to now.
void reload_on_signal(boost::asio::signal_set& signals, gateway& g, const std::function<config()>& read) {
  signals.async_wait([&](boost::system::error_code cancelled, int) {
    if (cancelled)
      return;
    g.reload(read);
    reload_on_signal(signals, g, read);
  });
}

// Held back from before the first thread until somebody is there to take them; the lanes' threads never do.
void hold_signals(int how) {
  sigset_t which;
  sigemptyset(&which);
  sigaddset(&which, SIGTERM);
  sigaddset(&which, SIGINT);
  sigaddset(&which, SIGHUP);
  pthread_sigmask(how, &which, nullptr);
}

int serve(const config& settings, bool take_over, const std::function<config()>& read_again) {
  hold_signals(SIG_BLOCK);
  rollcall::ops::raise_open_files();
  auto before = take_over ? predecessor::find(settings) : std::nullopt;
  gateway g(settings, before ? &*before : nullptr);
  boost::asio::signal_set signals(g.control(), SIGTERM, SIGINT);
  drain_on_signal(signals, g);
  boost::asio::signal_set hang_up(g.control(), SIGHUP);
  reload_on_signal(hang_up, g, read_again);
  hold_signals(SIG_UNBLOCK);
  auto where = settings.server.listen;
  where.port = g.port();
  auto admin = settings.admin.listen;
  admin.port = g.admin_port();
  fmt::print("rollcall: listening on http://{}\nrollcall: admin on http://{}\n", where.to_string(), admin.to_string());
  std::fflush(stdout);
  if (before)
    before->relieve();
  rollcall::ops::tell_service_manager("READY=1");
  g.run();
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  rollcall::cache::keep_heap_dense();
  try {
    const auto asked = rollcall::ops::parse_command_line(argc, argv);
    if (!asked.run)
      return asked.exit_code;
    rollcall::ops::start_log(asked.run->settings.log.level);
    rollcall::gateway::check(asked.run->settings);
    if (asked.run->check) {
      fmt::print("the configuration is valid\n");
      return 0;
    }
    // The cache, what malloc loses between its blocks, and what else there is.
    const auto memory = asked.run->settings.cache.memory;
    rollcall::cache::give_heap_huge_pages(memory + memory / 8);
    rollcall::cache::page_store::instance().open(memory);
    return serve(asked.run->settings, asked.run->take_over, [&] {
      if (asked.run->file.empty())
        throw rollcall::ops::config_error("there is no file to read again: it was started without --config");
      return rollcall::ops::read_again(argc, argv);
    });
  } catch (const std::exception& e) {
    fmt::print(stderr, "rollcall: {}\n", e.what());
    return 1;
  }
}
