#include "rollcall/net/tls.hpp"

#include "session.hpp"
#include "url_parts.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace rollcall::redis {

namespace asio = net::asio;

namespace {

/// `master`, `slave` or another word; empty when the reply does not tell. ROLE's begins with it, HELLO's is names and
/// values in turn.
std::string_view role_in(const reply& r) {
  if (r.size() == 0) {
    return {};
  }
  for (std::size_t i = 0; i + 1 < r.size(); i += 2) {
    if (r[i].text() == "role") {
      return r[i + 1].text();
    }
  }
  return r[0].text() == "server" ? std::string_view() : r[0].text();
}

} // namespace

net::task<bool> session::open() {
  opening_until_ = net::steady_clock::now() + options_.connect_timeout;
  arm();
  if (!co_await dial()) {
    co_return false;
  }
  if (!co_await log_in()) {
    co_return false;
  }
  if (server_.must_be_master && !co_await check_role()) {
    co_return false;
  }
  if (!co_await begin()) {
    co_return false;
  }
  phase_ = phase::ready;
  if (watch_) {
    watch_->heard(net::steady_clock::now());
  }
  arm();
  co_return true;
}

/// Where to connect, most wanted first. Empty when the session has ended.
net::task<std::vector<session::protocol::endpoint>> session::candidates() {
  std::vector<protocol::endpoint> found;
  net::error_code ec;
  if (!server_.path.empty()) {
    found.emplace_back(asio::local::stream_protocol::endpoint(server_.path));
  } else if (auto address = asio::ip::make_address(server_.host, ec); !ec) {
    found.emplace_back(net::tcp::endpoint(address, server_.port));
  } else {
    auto [failed, names] = co_await resolver_.async_resolve(server_.host, std::to_string(server_.port),
                                                            asio::ip::resolver_base::numeric_service, net::no_throw);
    if (failed) {
      end(fmt::format("cannot resolve {}: {}", server_.host, failed.message()));
    } else {
      for (const auto& name : names) {
        found.emplace_back(name.endpoint());
      }
    }
  }
  co_return found;
}

/// Of several addresses each has its share of the time: one that swallows what it is sent keeps nobody from the others.
net::task<bool> session::dial() {
  const auto found = co_await candidates();
  net::error_code ec = asio::error::host_not_found;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (ended()) { // or connecting would open the socket again
      co_return false;
    }
    wire_.close();
    if (const auto left = found.size() - i; left > 1) {
      const auto now = net::steady_clock::now();
      attempt_until_ = now + (opening_until_ - now) / left;
      arm();
    }
    auto [failed] = co_await wire_.socket().async_connect(found[i], net::no_throw);
    attempt_until_.reset();
    if (ended()) {
      co_return false;
    }
    ec = failed;
    if (!ec) {
      if (server_.path.empty()) {
        wire_.socket().set_option(net::tcp::no_delay(true), ec);
      }
      break;
    }
  }
  if (ec) {
    end(ec.message());
    co_return false;
  }
  co_return !server_.tls || co_await secure();
}

net::task<bool> session::secure() {
  if (!server_.trust) {
    end("TLS is wanted, and nothing to trust was given");
    co_return false;
  }
  auto& tls = wire_.begin_tls(*server_.trust);
  if (!net::expect_server(tls.native_handle(), server_.host)) {
    end("no memory for TLS");
    co_return false;
  }
  auto [ec] = co_await tls.async_handshake(asio::ssl::stream_base::client, net::no_throw);
  if (ended()) {
    co_return false;
  }
  if (ec) {
    refused_ = SSL_get_verify_result(tls.native_handle()) != X509_V_OK;
    end(net::handshake_failure(tls.native_handle(), ec));
  }
  co_return !ec;
}

/// Redis is asked something in any case: a frozen one accepts connections too, and one that is loading its data answers
/// nothing else. Neither is any use, and nobody should wait to find that out.
net::task<bool> session::log_in() {
  std::vector<std::string_view> asked;
  std::string commands;
  auto add = [&](std::initializer_list<std::string_view> args) {
    asked.push_back(*args.begin());
    format(std::span(args.begin(), args.size()), commands);
  };
  if (!server_.password.empty()) {
    server_.user.empty() ? add({"AUTH", server_.password}) : add({"AUTH", server_.user, server_.password});
  }
  if (server_.database != 0) {
    add({"SELECT", std::to_string(server_.database)});
  }
  add({"PING"});

  if (!co_await say(std::move(commands))) {
    co_return false;
  }
  for (auto command : asked) {
    auto r = co_await opening_reply();
    if (!r || !let_in(command, *r)) {
      co_return false;
    }
  }
  co_return !ended();
}

/// ROLE is among the commands that access control calls dangerous; HELLO tells the same, since Redis 6. Where neither
/// tells, we believe who sent us here.
net::task<bool> session::check_role() {
  static constexpr std::string_view questions[] = {"ROLE", "HELLO 2"};
  for (const auto question : questions) {
    std::string command;
    question == "ROLE" ? format(std::initializer_list<std::string_view>{"ROLE"}, command)
                       : format(std::initializer_list<std::string_view>{"HELLO", "2"}, command);
    if (!co_await say(std::move(command))) {
      co_return false;
    }
    const auto r = co_await opening_reply();
    if (!r) {
      co_return false;
    }
    if (const auto role = role_in(*r); !role.empty()) {
      if (role != "master") {
        refused_ = true;
        end("it is no master");
      }
      co_return !ended();
    }
  }
  co_return true;
}

std::string session::peer() const {
  net::error_code ec;
  const auto other = wire_.socket().remote_endpoint(ec);
  if (ec || (other.protocol().family() != AF_INET && other.protocol().family() != AF_INET6)) {
    return {};
  }
  net::tcp::endpoint at;
  at.resize(other.size());
  std::memcpy(at.data(), other.data(), other.size());
  return to_string(host_port{at.address().to_string(), at.port()});
}

net::task<bool> session::begin() {
  co_return true;
}

net::task<std::optional<reply>> session::ask(std::string_view name, std::initializer_list<std::string_view> args,
                                             bool (*fine)(const reply&)) {
  std::string command;
  format(std::span(args.begin(), args.size()), command);
  if (!co_await say(std::move(command))) {
    co_return std::nullopt;
  }
  auto r = co_await opening_reply();
  if (!r || fine(*r)) {
    co_return r;
  }
  if (r->is(reply::kind::error)) {
    refuse(name, *r);
  } else {
    lie(fmt::format("a reply to {} that is none", name));
  }
  co_return std::nullopt;
}

net::task<bool> session::say(std::string commands) {
  auto [ec, n] = co_await asio::async_write(wire_, asio::buffer(commands), net::no_throw);
  if (ec) {
    end(ec.message());
  }
  co_return !ended();
}

/// The next reply. Nothing when the session has ended.
net::task<std::optional<reply>> session::opening_reply() {
  while (!ended()) {
    auto next = reader_.next();
    if (!next) {
      lie(std::move(next.error()));
      break;
    }
    if (*next) {
      co_return std::move(*next);
    }
    auto [ec, n] = co_await wire_.async_read_some(asio::buffer(input_), net::no_throw);
    if (ec) {
      lose(ec);
      break;
    }
    reader_.feed({input_.data(), n});
  }
  co_return std::nullopt;
}

bool session::let_in(std::string_view command, const reply& r) {
  // Who may not PING has still been answered by a Redis that is at work.
  const bool fine = command == "PING" ? !r.is(reply::kind::error) || r.text().starts_with("NOPERM") : r.ok();
  if (!fine) {
    refuse(command, r);
  }
  return fine;
}

void session::refuse(std::string_view command, const reply& r) {
  refused_ = true;
  end(fmt::format("{} refused: {}", command, printable(r.text())));
}

} // namespace rollcall::redis
