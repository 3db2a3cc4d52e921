#pragma once

#include "rollcall/net/executor.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// A reply of Redis: so many bytes.
inline std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

namespace net = rollcall::net;

/// The peer's side of one connection of RESP. Its functions throw boost::system::system_error when the other side has
/// gone, which ends the script in an orderly way.
class conversation {
public:
  using command_type = std::vector<std::string>;

  conversation(net::tcp_socket socket, std::size_t number) : socket_(std::move(socket)), number_(number) {
    socket_.set_option(net::tcp::no_delay(true));
  }

  /// How many came before.
  [[nodiscard]] std::size_t number() const { return number_; }
  /// How often bytes were read.
  [[nodiscard]] std::size_t reads() const { return reads_; }

  /// The next command.
  net::task<command_type> command() {
    for (;;) {
      if (auto c = take_command()) {
        co_return std::move(*c);
      }
      const auto n =
          co_await socket_.async_read_some(net::asio::buffer(bytes_), net::asio::use_awaitable_t<net::executor>{});
      ++reads_;
      input_.append(bytes_.data(), n);
    }
  }

  net::task<void> send(std::string bytes) {
    co_await net::asio::async_write(socket_, net::asio::buffer(bytes), net::asio::use_awaitable_t<net::executor>{});
  }

  /// Each byte in a packet of its own.
  net::task<void> send_bytewise(std::string bytes) {
    for (char byte : bytes) {
      co_await send(std::string(1, byte));
      co_await net::asio::post(net::asio::use_awaitable_t<net::executor>{});
    }
  }

  /// Answers the PING that opens a connection.
  net::task<void> greet() {
    if (const auto c = co_await command(); c != command_type{"PING"}) {
      throw std::runtime_error("the connection does not begin with PING");
    }
    co_await send("+PONG\r\n");
  }

  /// Reads what comes and says nothing, until the other side goes away.
  net::task<void> ignore() {
    for (;;) {
      co_await command();
    }
  }

  void close() {
    net::error_code ignored;
    socket_.close(ignored);
  }

private:
  /// Arrays of bulk strings, which is all that clients send.
  std::optional<command_type> take_command() {
    std::size_t at = 0;
    auto number = [&](char type) -> std::optional<std::size_t> {
      const auto end = input_.find("\r\n", at);
      if (end == input_.npos) {
        return {};
      }
      if (input_[at] != type) {
        throw std::runtime_error("the peer was sent something that is no command");
      }
      const auto n = std::stoul(input_.substr(at + 1, end - at - 1));
      at = end + 2;
      return n;
    };
    const auto arguments = number('*');
    if (!arguments) {
      return {};
    }
    command_type c;
    while (c.size() < *arguments) {
      const auto size = number('$');
      if (!size || input_.size() < at + *size + 2) {
        return {};
      }
      c.push_back(input_.substr(at, *size));
      at += *size + 2;
    }
    input_.erase(0, at);
    return c;
  }

  net::tcp_socket socket_;
  std::size_t number_;
  std::vector<char> bytes_ = std::vector<char>(256 * 1024);
  std::string input_;
  std::size_t reads_ = 0;
};

/// A peer on 127.0.0.1 that plays a script, a coroutine, for each connection it accepts, in the io_context of the test.
/// A script that throws anything but the end of its connection fails the test.
class scripted_peer {
public:
  using script = std::function<net::task<void>(conversation&)>;

  scripted_peer(net::asio::io_context& context, script play)
      : state_(std::make_shared<state>(context.get_executor(), std::move(play))) {
    net::asio::co_spawn(context.get_executor(), accept(state_), [](std::exception_ptr e) { report(e); });
  }
  ~scripted_peer() { close(); }
  scripted_peer(const scripted_peer&) = delete;
  scripted_peer& operator=(const scripted_peer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return state_->port; }
  /// Connections accepted so far.
  [[nodiscard]] std::size_t accepted() const { return state_->accepted; }

  /// Stops listening and ends all conversations.
  void close() {
    net::error_code ignored;
    state_->acceptor.close(ignored);
    for (const auto& weak : state_->conversations) {
      if (auto talk = weak.lock()) {
        talk->close();
      }
    }
  }

private:
  using acceptor_type = net::asio::basic_socket_acceptor<net::tcp, net::executor>;

  struct state {
    state(net::executor where, script s)
        : acceptor(where, {net::asio::ip::address_v4::loopback(), 0}), play(std::move(s)),
          port(acceptor.local_endpoint().port()) {}
    acceptor_type acceptor;
    script play;
    std::uint16_t port;
    std::size_t accepted = 0;
    std::vector<std::weak_ptr<conversation>> conversations;
  };

  static net::task<void> accept(std::shared_ptr<state> s) {
    for (;;) {
      net::tcp_socket socket(s->acceptor.get_executor());
      co_await s->acceptor.async_accept(socket, net::asio::use_awaitable_t<net::executor>{});
      auto talk = std::make_shared<conversation>(std::move(socket), s->accepted++);
      s->conversations.push_back(talk);
      net::asio::co_spawn(s->acceptor.get_executor(), play(s, talk), [](std::exception_ptr e) { report(e); });
    }
  }

  static net::task<void> play(std::shared_ptr<state> s, std::shared_ptr<conversation> talk) { co_await s->play(*talk); }

  static void report(std::exception_ptr e) {
    try {
      if (e) {
        std::rethrow_exception(e);
      }
    } catch (const boost::system::system_error&) { // the connection or the listening ended
    } catch (const std::exception& wrong) {
      BOOST_ERROR("the scripted peer: " << wrong.what());
    }
  }

  std::shared_ptr<state> state_;
};

} // namespace support
