#include "rollcall/gateway/hand_over.hpp"

#include <boost/asio/error.hpp>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>

namespace rollcall::gateway {

namespace words = hand_over_words;

namespace {

constexpr std::chrono::milliseconds retry_pause{250};
// For a whole conversation; starting takes a few milliseconds.
constexpr std::chrono::seconds patience{15};

constexpr auto readable = net::asio::posix::descriptor_base::wait_read;

} // namespace

void hand_over::start(std::string name, offer sockets) {
  name_ = std::move(name);
  offer_ = std::move(sockets);
  if (!claim())
    claim_later();
}

void hand_over::stop() {
  stopped_ = true;
  retry_.cancel();
  door_.reset();
  if (const auto l = asker_.lock())
    l->close();
}

bool hand_over::claim() {
  auto s = net::listen_as(name_);
  if (!s) {
    // Usually the process that this one has just replaced, for a moment.
    if (!std::exchange(complained_, true) && s.error() != net::asio::error::address_in_use)
      spdlog::warn("this process cannot be taken over from: the name \"{}\": {}", name_, s.error().message());
    return false;
  }
  door_.emplace(ex_, s->get());
  (void)s->release();
  tasks_.start(wait_for_askers(), "waiting to be replaced");
  return true;
}

void hand_over::claim_later() {
  retry_.expires_after(retry_pause);
  retry_.async_wait([this](net::error_code cancelled) {
    if (!cancelled && !stopped_ && !claim())
      claim_later();
  });
}

net::task<> hand_over::wait_for_askers() {
  while (!stopped_) {
    if (const auto [ec] = co_await door_->async_wait(readable, net::no_throw); ec || stopped_)
      co_return;
    net::descriptor come(::accept4(door_->native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!come.is_open()) {
      retry_.expires_after(retry_pause); // out of descriptors, say
      co_await retry_.async_wait(net::no_throw);
      continue;
    }
    const auto to = std::make_shared<line>(ex_, come.get());
    (void)come.release();
    asker_ = to;
    net::timer limit(ex_, patience);
    limit.async_wait([w = std::weak_ptr(to)](net::error_code cancelled) {
      if (const auto l = w.lock(); l && !cancelled)
        l->close();
    });
    co_await serve(to);
  }
}

net::task<> hand_over::serve(std::shared_ptr<line> to) {
  const auto hears = [&](std::string_view word) -> net::task<bool> {
    const auto [ec] = co_await to->async_wait(readable, net::no_throw);
    if (ec || !to->is_open())
      co_return false;
    const auto m = net::receive_message(to->native_handle());
    co_return m && m->text == word && m->sockets.empty();
  };
  const auto who = net::peer_of(to->native_handle());
  if (!who || who->user != ::geteuid()) {
    spdlog::warn("a process of another user has asked for this one's sockets; it gets none");
    co_return;
  }
  if (!co_await hears(words::ask))
    co_return;
  if (const auto ec = pass_sockets(to->native_handle())) {
    spdlog::warn("process {} was to take over, but cannot be given the sockets: {}", who->process, ec.message());
    co_return;
  }
  if (!co_await hears(words::serving) || stopped_) {
    spdlog::warn("process {} was to take over and has not done so; this one goes on", who->process);
    co_return;
  }
  asker_.reset(); // taken_ stops us, and the last word is still to be said
  taken_(who->process);
  (void)net::send_message(to->native_handle(), words::draining);
}

net::error_code hand_over::pass_sockets(int to) const {
  net::error_code ec;
  for (auto rest = std::span(offer_.bots); !rest.empty() && !ec;) {
    const auto some = rest.first(std::min(rest.size(), net::passed_most));
    ec = net::send_message(to, words::bots, some);
    rest = rest.subspan(some.size());
  }
  if (!ec && !offer_.admin.empty())
    ec = net::send_message(to, words::admin, offer_.admin);
  return ec ? ec : net::send_message(to, words::all);
}

} // namespace rollcall::gateway
