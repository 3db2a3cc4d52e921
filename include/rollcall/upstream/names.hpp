#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/upstream/address_book.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

namespace rollcall::upstream {

/// Looks a name up without waiting, and calls back on the thread that asked, at once or later: with an error, or with
/// addresses. Destroyed, it calls nobody any more.
using look_up = std::function<void(const std::string& host, std::uint16_t port,
                                   std::move_only_function<void(net::error_code, address_book::addresses)> then)>;

/// The addresses of one host. Nobody waits for them but for the first time, and then everybody for one look-up. Lives
/// on the thread of its executor.
class names {
public:
  /// `ask` null: the system (getaddrinfo), on a thread that Asio keeps for it.
  names(const net::executor& ex, std::string host, std::uint16_t port, look_up ask = nullptr);
  ~names();
  names(const names&) = delete;
  names& operator=(const names&) = delete;

  /// Those that are known, in the order in which they are to be tried; if there are none, those that a look-up finds by
  /// `latest`, after which it says asio::error::timed_out. What is older than `good_for` is looked up again meanwhile.
  net::task<std::expected<address_book::addresses, net::error_code>> get(net::steady_clock::time_point latest,
                                                                         std::chrono::milliseconds good_for);
  /// Among those that are known?
  [[nodiscard]] bool has(const net::tcp::endpoint& which) const;
  /// See address_book.
  void worked(const net::tcp::endpoint& which);
  /// Is called with the addresses that a look-up no longer finds. Outlives this, or is replaced.
  void when_gone(std::function<void(const address_book::addresses&)> then);

  /// Ends the waits.
  void stop();

private:
  struct state;

  net::executor ex_;
  std::string host_;
  std::uint16_t port_;
  look_up ask_;
  std::shared_ptr<state> state_;
};

} // namespace rollcall::upstream
