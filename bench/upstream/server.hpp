#pragma once

#include "rollcall/net/executor.hpp"

#include "upstream/platform.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/signal_set.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace rollcall::standin {

/// Listens, and spreads connections evenly over threads that have an io_context each.
class server {
public:
  /// Binds at once; throws boost::system::system_error where that fails. `instance` must outlive the server.
  server(const net::tcp::endpoint& where, std::size_t threads, platform& instance);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  [[nodiscard]] net::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  /// Serves on the calling thread and the others until SIGTERM or SIGINT. Open connections are cut.
  void run();

private:
  net::task<> accept();
  void stop();

  platform& instance_;
  std::vector<std::unique_ptr<net::asio::io_context>> contexts_;
  net::asio::basic_socket_acceptor<net::tcp, net::executor> acceptor_;
  net::asio::signal_set signals_; // from the beginning, so that a signal between binding and run() is not fatal
};

} // namespace rollcall::standin
