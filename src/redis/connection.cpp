#include "rollcall/redis/connection.hpp"

#include "command_keeper.hpp"

#include <utility>

namespace rollcall::redis {
namespace {

net::task<command_result> at_once(command_error e) {
  co_return std::unexpected(e);
}

} // namespace

connection::connection(const net::executor& where, deployment at, connection_options options,
                       std::shared_ptr<connection_stats> stats)
    : keeper_(std::make_shared<command_keeper>(where, std::move(at), std::move(options), std::move(stats))) {}

connection::~connection() {
  stop();
}

void connection::start() {
  keeper_->start();
}

void connection::stop() {
  keeper_->stop();
}

bool connection::connected() const noexcept {
  return keeper_->usable();
}

net::task<command_result> connection::run(std::span<const std::string_view> args,
                                          net::steady_clock::time_point deadline) {
  auto sent = keeper_->send(args, deadline);
  return sent ? command::wait(std::move(*sent)) : at_once(sent.error());
}

void connection::send_after(std::string_view, std::span<const std::string_view> args) {
  keeper_->send_after(args);
}

void connection::met(std::string_view, trouble what) {
  keeper_->met(what);
}

std::string connection::name() const {
  return keeper_->at().to_string();
}

const connection_stats& connection::stats() const noexcept {
  return keeper_->stats();
}

} // namespace rollcall::redis
