#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/redis/codec.hpp"
#include "rollcall/redis/connection.hpp"
#include "rollcall/redis/pending.hpp"
#include "rollcall/redis/trouble.hpp"

#include "pulse.hpp"
#include "wire.hpp"

#include <boost/asio/ip/basic_resolver.hpp>

#include <array>
#include <cstddef>
#include <expected>
#include <initializer_list>
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

  /// Without a `watch` only commands under way show that the peer is dead: the oldest is then overdue. With one the
  /// peer is asked for a sign of life, and ended when it gives none.
  session(const net::executor& where, endpoint server, connection_options options,
          std::shared_ptr<connection_stats> stats, std::optional<pulse> watch = {});
  virtual ~session() = default;
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  /// Resolves, connects, over TLS if that is wanted, and is let in: AUTH, SELECT and a PING have been answered, and
  /// what begin() asks. False when it has ended instead.
  net::task<bool> open();

  /// Hands replies to commands until the session ends.
  net::task<void> serve();

  /// Queues a command for the write at the end of this turn of the loop. After open() only.
  std::expected<std::shared_ptr<command>, command_error> send(std::span<const std::string_view> args,
                                                              time_point deadline);

  /// Settles every command under way with `timed_out`; their replies will reach nobody. How many had somebody waiting.
  std::size_t let_go();

  /// Ends the session; every command under way is settled with `closed`. The first reason stays.
  void end(std::string why);

  [[nodiscard]] bool ready() const noexcept { return phase_ == phase::ready; }
  [[nodiscard]] bool ended() const noexcept { return phase_ == phase::ended; }
  /// No command is under way, abandoned ones included.
  [[nodiscard]] bool idle() const noexcept { return pending_.size() == 0; }
  /// Whom it talks to.
  [[nodiscard]] const endpoint& server() const noexcept { return server_; }
  /// The address of the other end, as `host:port`; empty while there is none, and for UNIX sockets.
  [[nodiscard]] std::string peer() const;
  /// Why it has ended.
  [[nodiscard]] const std::string& why() const noexcept { return why_; }
  /// It ended because Redis answered but did not let us in.
  [[nodiscard]] bool refused() const noexcept { return refused_; }

protected:
  /// The last part of the opening. False when the session has ended.
  virtual net::task<bool> begin();

  /// Within begin(): sends a command and waits for its reply, which is returned if it is `fine`. Otherwise the session
  /// has ended. Messages call the command by its `name`.
  net::task<std::optional<reply>> ask(std::string_view name, std::initializer_list<std::string_view> args,
                                      bool (*fine)(const reply&));

  /// While serving, before a reply is given to the oldest command: true when it is for no command, and taken. May end
  /// the session.
  virtual bool take_unasked(const reply& r);

  /// While serving: a command got its reply, an error or not, and somebody still waited for it if it is `in_time`. May
  /// end the session.
  virtual void replied(std::optional<trouble> error, bool in_time);

  /// While serving: the deadline of `count` commands has passed, while the oldest that is under way has waited for
  /// `late`. May let go of the others.
  virtual void ran_out(std::size_t count, std::chrono::milliseconds late);

private:
  enum class phase { opening, ready, ended };
  using protocol = wire::protocol;

  // Opening (session_open.cpp).
  net::task<bool> dial();
  net::task<std::vector<protocol::endpoint>> candidates();
  net::task<bool> secure();
  net::task<bool> log_in();
  net::task<bool> check_role();
  net::task<bool> say(std::string commands);
  net::task<std::optional<reply>> opening_reply();
  bool let_in(std::string_view command, const reply& r);
  void refuse(std::string_view command, const reply& r);

  void enqueue(std::span<const std::string_view> args, std::shared_ptr<command> c, time_point now, time_point deadline);
  bool deliver();
  bool hand_out(reply r);
  void lose(const net::error_code& ec);
  void give_up(std::string why);
  void lie(std::string what);
  void schedule_flush();
  void flush();
  void arm();
  void tick();
  void look_after_commands(time_point now);
  void look_after_peer(time_point now);
  [[nodiscard]] std::optional<time_point> next_overdue() const;
  [[nodiscard]] std::optional<time_point> next_tick() const;

  net::executor where_;
  endpoint server_;
  connection_options options_;
  std::shared_ptr<connection_stats> stats_;

  wire wire_;
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
  std::optional<pulse> watch_;

  /// The one timer: for the opening as a whole, then for the earliest deadline under way or for the watch.
  net::timer timer_;
  std::optional<time_point> armed_;
  time_point opening_until_;
  std::optional<time_point> attempt_until_; ///< to connect to one of several addresses
};

} // namespace rollcall::redis
