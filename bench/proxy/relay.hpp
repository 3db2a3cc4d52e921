#pragma once

#include "rollcall/net/executor.hpp"

#include "proxy/mode.hpp"
#include "proxy/tunnel.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace rollcall::proxy {

/// Listens, and passes connections on to one address, as well or as badly as its mode says. One thread.
class relay {
public:
  /// Binds at once; throws boost::system::system_error where that fails.
  relay(net::asio::io_context& context, const net::tcp::endpoint& listen, const net::tcp::endpoint& to);

  [[nodiscard]] net::tcp::endpoint endpoint() const { return listen_; }

  /// From now on, for connections that there are and new ones. Throws where it cannot listen again after `refuse`.
  void set(const mode& to);

private:
  void listen();
  void accept();
  void take(net::tcp_socket client);

  net::tcp::endpoint listen_;
  net::tcp::endpoint to_;
  net::asio::basic_socket_acceptor<net::tcp, net::executor> acceptor_;
  net::timer breather_;
  mode mode_;
  std::vector<std::weak_ptr<tunnel>> tunnels_;
  std::uint64_t taken_ = 0;
};

} // namespace rollcall::proxy
