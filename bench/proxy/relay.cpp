#include "proxy/relay.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace rollcall::proxy {
namespace {

namespace asio = boost::asio;

} // namespace

relay::relay(asio::io_context& context, const net::tcp::endpoint& listen, const net::tcp::endpoint& to)
    : listen_(listen), to_(to), acceptor_(context), breather_(context) {
  this->listen();
  listen_ = acceptor_.local_endpoint(); // the port it will have again after `refuse`
}

void relay::listen() {
  acceptor_.open(listen_.protocol());
  acceptor_.set_option(asio::socket_base::reuse_address(true));
  acceptor_.bind(listen_);
  acceptor_.listen(4096);
  accept();
}

void relay::accept() {
  acceptor_.async_accept([this](const net::error_code& error, net::tcp_socket client) {
    if (error == asio::error::operation_aborted) {
      return;
    }
    if (!error) {
      take(std::move(client));
      accept();
      return;
    }
    // Out of descriptors, usually: trying again at once would spin.
    breather_.expires_after(std::chrono::milliseconds(50));
    breather_.async_wait([this](const net::error_code& cancelled) {
      if (!cancelled && acceptor_.is_open()) {
        accept();
      }
    });
  });
}

void relay::take(net::tcp_socket client) {
  const auto made = std::make_shared<tunnel>(std::move(client), mode_, ++taken_);
  if (mode_.what == mode::kind::close) {
    made->reset();
    return;
  }
  std::erase_if(tunnels_, [](const std::weak_ptr<tunnel>& each) { return each.expired(); });
  tunnels_.push_back(made);
  made->start(to_);
}

void relay::set(const mode& to) {
  mode_ = to;
  for (const auto& each : tunnels_) {
    if (const auto there = each.lock()) {
      there->change(to);
    }
  }
  if (to.what == mode::kind::refuse) {
    breather_.cancel();
    acceptor_.close();
  } else if (!acceptor_.is_open()) {
    listen();
  }
}

} // namespace rollcall::proxy
