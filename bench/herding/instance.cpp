#include "herding/instance.hpp"

#include "herding/message.hpp"
#include "herding/sockets.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace rollcall::herding {

class instance::connection final : poller::watcher {
public:
  connection(instance& owner, descriptor socket) : owner_(owner), socket_(std::move(socket)) {
    owner_.loop_.watch(socket_, *this);
  }

  void send(std::string_view bytes) {
    const bool queued = !unsent_.empty();
    unsent_ += bytes;
    if (!queued) {
      push(false);
    }
  }

private:
  void on_ready() override {
    std::array<char, 16 * 1024> buffer{};
    const auto got = receive(socket_, buffer);
    if (got.ended) {
      socket_ = descriptor();
      return;
    }
    unread_ += got.bytes;
    while (const auto call = first_message(unread_)) {
      const auto size = call->size();
      owner_.take_call(*this, call->body);
      unread_.erase(0, size);
    }
    if (!unsent_.empty()) {
      push(true);
    }
  }

  void push(bool waited) {
    unsent_.erase(0, send_some(socket_, unsent_));
    if (socket_.open() && waited == unsent_.empty()) {
      owner_.loop_.watch_for_room(socket_, *this, !waited);
    }
  }

  instance& owner_;
  descriptor socket_;
  std::string unread_;
  std::string unsent_;
};

instance::instance(poller& loop, std::uint16_t port, std::chrono::microseconds delay, std::size_t quorum)
    : loop_(loop), listening_(listen_on(port)), delay_(delay), quorum_(quorum) {
  loop_.watch(listening_, *this);
}

instance::~instance() = default;

std::uint16_t instance::port() const {
  return port_of(listening_);
}

void instance::begin(std::string_view room, std::string answer) {
  room_ = room;
  answer_ = std::move(answer);
  held_.clear();
  calls_ = 0;
  answered_.reset();
}

void instance::on_ready() {
  if (auto accepted = accept_from(listening_); accepted.open()) {
    connections_.push_back(std::make_unique<connection>(*this, std::move(accepted)));
  }
}

void instance::take_call(connection& from, std::string_view body) {
  ++calls_;
  if (!room_.empty() && body.contains(room_)) {
    const auto now = steady_clock::now();
    held_.push_back({&from, now});
    if (calls_ == quorum_) {
      std::ranges::for_each(held_, [now](held& each) { each.asked = now; });
    }
  } else {
    from.send(no_answer());
  }
}

std::optional<steady_clock::duration> instance::until_due() const {
  if (held_.empty() || calls_ < quorum_) {
    return std::nullopt;
  }
  return held_.front().asked + delay_ - steady_clock::now();
}

void instance::release() {
  while (const auto left = until_due()) {
    if (left->count() > 0) {
      return;
    }
    const auto now = steady_clock::now();
    answered_ = {answered_ ? answered_->first : now, now};
    held_.front().to->send(answer_);
    held_.pop_front();
  }
}

} // namespace rollcall::herding
