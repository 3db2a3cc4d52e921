#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/redis/codec.hpp"
#include "rollcall/redis/connection.hpp"
#include "rollcall/redis/pending.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/basic_resolver.hpp>

#include <array>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::redis {

/// One connection to Redis from its first packet to its end, after which it is of no more use: it never reconnects, so
/// no byte of one connection can meet the commands of another. Handlers hold it; one thread.
class session : public std::enable_shared_from_this<session> {
public:
  using time_point = net::steady_clock::time_point;

  session(const net::executor& where, endpoint server, connection_options options,
          std::shared_ptr<connection_stats> stats);

  /// Resolves, connects, and is let in: AUTH, SELECT and a PING have been answered. False when it has ended instead.
  net::task<bool> open();

  /// Hands replies to commands until the session ends.
  net::task<void> serve();

  /// Queues a command for the write at the end of this turn of the loop. After open() only.
  std::expected<std::shared_ptr<command>, command_error> send(std::span<const std::string_view> args,
                                                              time_point deadline);

  /// Ends the session; every command under way is settled with `closed`. The first reason stays.
  void end(std::string why);

  [[nodiscard]] bool ready() const noexcept { return phase_ == phase::ready; }
  [[nodiscard]] bool ended() const noexcept { return phase_ == phase::ended; }
  /// Why it has ended.
  [[nodiscard]] const std::string& why() const noexcept { return why_; }
  /// It ended because Redis answered but did not let us in.
  [[nodiscard]] bool refused() const noexcept { return refused_; }

private:
  enum class phase { opening, ready, ended };
  using protocol = net::asio::generic::stream_protocol; ///< TCP and UNIX sockets in one type
  using socket = net::asio::basic_stream_socket<protocol, net::executor>;

  // Opening (session_open.cpp).
  net::task<bool> dial();
  net::task<std::vector<protocol::endpoint>> candidates();
  net::task<bool> log_in();
  net::task<std::optional<reply>> opening_reply();
  bool let_in(std::string_view command, const reply& r);

  void enqueue(std::span<const std::string_view> args, std::shared_ptr<command> c, time_point now, time_point deadline);
  bool deliver();
  void give_up(std::string why);
  void lie(std::string what);
  void schedule_flush();
  void flush();
  void arm();
  void tick();
  [[nodiscard]] std::optional<time_point> next_tick() const;

  net::executor where_;
  endpoint server_;
  connection_options options_;
  std::shared_ptr<connection_stats> stats_;

  socket socket_;
  net::asio::ip::basic_resolver<net::tcp, net::executor> resolver_;
  reply_reader reader_;
  pending pending_;
  phase phase_ = phase::opening;
  bool refused_ = false;
  std::string why_;

  std::string output_;  ///< commands of this turn
  std::string writing_; ///< what the socket is taking
  bool flush_scheduled_ = false;
  std::array<char, std::size_t{64} * 1024> input_;

  /// The one timer: for the opening as a whole, then for the earliest deadline under way.
  net::timer timer_;
  std::optional<time_point> armed_;
  time_point opening_until_;
};

} // namespace rollcall::redis
