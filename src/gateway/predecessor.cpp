#include "rollcall/gateway/predecessor.hpp"

#include "rollcall/gateway/hand_over.hpp"
#include "rollcall/net/listening.hpp"

#include <boost/asio/error.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace rollcall::gateway {

namespace words = hand_over_words;

namespace {

constexpr std::chrono::milliseconds answer_within{5000};
// One that has just taken over itself has the name of the process before it only when that has ended: see hand_over.
constexpr std::chrono::milliseconds name_within{3000};
constexpr std::chrono::milliseconds look_again{20};
// More than any process has.
constexpr std::size_t sockets_most = 1024;

ops::config_error failure(const ops::config& c, std::string_view why) {
  return ops::config_error(
      fmt::format("--take-over: the process that serves bots at {} {}", c.server.listen.to_string(), why));
}

bool is_taken(const ops::listen_address& where) {
  try {
    (void)net::open_port(where.host, where.port, net::port_use::claim);
    return false;
  } catch (const boost::system::system_error& e) {
    return e.code() == net::asio::error::address_in_use;
  }
}

// Whoever has the name. Waits for somebody to have it while somebody has the port.
std::expected<net::descriptor, net::error_code> reach(const ops::listen_address& bots) {
  const auto until = net::steady_clock::now() + name_within;
  for (;;) {
    auto line = net::connect_to(hand_over_name(bots), answer_within);
    if (line || line.error() != net::asio::error::connection_refused || !is_taken(bots) ||
        net::steady_clock::now() >= until)
      return line;
    std::this_thread::sleep_for(look_again);
  }
}

} // namespace

std::string hand_over_name(const ops::listen_address& bots) {
  return "rollcall " + bots.to_string();
}

std::optional<predecessor> predecessor::find(const ops::config& c) {
  auto line = reach(c.server.listen);
  if (!line && line.error() == net::asio::error::connection_refused)
    return std::nullopt;
  if (!line)
    throw failure(c, fmt::format("cannot be asked: {}", line.error().message()));
  const auto who = net::peer_of(line->get());
  if (!who)
    throw failure(c, fmt::format("cannot be identified: {}", who.error().message()));
  if (who->user != ::geteuid())
    throw failure(c, fmt::format("(process {}) belongs to user {}, and this one to user {}; start it as the same user",
                                 who->process, who->user, ::geteuid()));
  predecessor found(std::move(*line), *who);
  if (const auto ec = net::send_message(found.line_.get(), words::ask))
    throw failure(c, fmt::format("(process {}) cannot be asked: {}", who->process, ec.message()));
  for (;;) {
    auto m = net::receive_message(found.line_.get());
    if (!m)
      throw failure(c, fmt::format("(process {}) does not hand its sockets over: {}", who->process,
                                   m.error() == net::asio::error::would_block ? "no answer" : m.error().message()));
    if (m->text == words::all)
      break;
    found.take_in(std::move(*m), c);
  }
  if (found.bots.empty())
    throw failure(c, fmt::format("(process {}) has handed over no socket of that address", who->process));
  return found;
}

void predecessor::take_in(net::message m, const ops::config& c) {
  if ((m.text != words::bots && m.text != words::admin) || bots.size() + m.sockets.size() > sockets_most)
    throw failure(c, fmt::format("(process {}) answers what no Rollcall of this version does", who_.process));
  for (auto& s : m.sockets) {
    if (m.text == words::bots && net::listens_at(s.get(), c.server.listen.host, c.server.listen.port))
      bots.push_back(std::move(s));
    else if (m.text == words::admin && net::listens_at(s.get(), c.admin.listen.host, c.admin.listen.port))
      admin = std::move(s);
  }
}

void predecessor::relieve() {
  const auto sent = net::send_message(line_.get(), words::serving);
  const auto answer = sent ? std::unexpected(sent) : net::receive_message(line_.get());
  line_.close();
  if (answer && answer->text == words::draining)
    spdlog::info("taken over from process {}, which drains", who_.process);
  else
    spdlog::warn("took the sockets of process {} over, but it has not confirmed that it drains: if it still runs, both "
                 "serve; end it with: kill {}",
                 who_.process, who_.process);
}

} // namespace rollcall::gateway
