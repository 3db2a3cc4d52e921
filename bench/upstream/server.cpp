#include "upstream/server.hpp"

#include "upstream/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace rollcall::standin {
namespace {

namespace asio = boost::asio;

std::vector<std::unique_ptr<asio::io_context>> make_contexts(std::size_t count) {
  std::vector<std::unique_ptr<asio::io_context>> contexts;
  contexts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    contexts.push_back(std::make_unique<asio::io_context>(1));
  }
  return contexts;
}

/// A descriptor a connection, and shells allow 1,024 by default.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); // a courtesy: without it fewer clients fit, and accept() waits its turn
  }
}

void report(const std::exception_ptr& failure) {
  if (!failure) {
    return;
  }
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    fmt::print(stderr, "rollcall-upstream: connection lost: {}\n", error.what());
  }
}

} // namespace

server::server(const net::tcp::endpoint& where, std::size_t threads, platform& instance)
    : instance_(instance), contexts_(make_contexts(threads)), acceptor_(*contexts_.front(), where),
      signals_(*contexts_.front(), SIGINT, SIGTERM) {
  raise_descriptor_limit();
  acceptor_.listen(4096);
}

// The acceptor goes before its context, and the contexts go first to last: what waits in the first refers to the
// others.
server::~server() = default;

net::task<> server::accept() {
  net::timer breather(acceptor_.get_executor());
  for (std::size_t turn = 0;; ++turn) {
    auto& context = *contexts_[turn % contexts_.size()];
    auto [error, socket] = co_await acceptor_.async_accept(context.get_executor(), net::no_throw);
    if (error == asio::error::operation_aborted) {
      co_return;
    }
    if (error) {
      // Out of descriptors, usually: the connection stays in the queue, and trying again at once would spin.
      breather.expires_after(std::chrono::milliseconds(50));
      co_await breather.async_wait(net::no_throw);
      continue;
    }
    asio::co_spawn(context, serve(std::move(socket), instance_), report);
  }
}

void server::stop() {
  for (const auto& context : contexts_) {
    context->stop();
  }
}

void server::run() {
  signals_.async_wait([this](const net::error_code& error, int) {
    if (!error) {
      stop();
    }
  });
  asio::co_spawn(*contexts_.front(), accept(), report);
  std::vector<asio::executor_work_guard<net::executor>> busy;
  std::vector<std::jthread> threads;
  for (const auto& context : contexts_) {
    busy.emplace_back(context->get_executor());
    if (context != contexts_.front()) {
      threads.emplace_back([&context] { context->run(); });
    }
  }
  contexts_.front()->run();
}

} // namespace rollcall::standin
