#include "herding/crowd.hpp"

#include "herding/message.hpp"
#include "herding/sockets.hpp"

#include <stdexcept>
#include <utility>

namespace rollcall::herding {
namespace {

constexpr std::size_t most_at_once = 256 * 1024;
constexpr std::string_view good = "HTTP/1.1 200 ";

} // namespace

class crowd::asker final : poller::watcher {
public:
  asker(crowd& all, std::uint16_t port) : all_(all), socket_(connect_to(port)) {}

  void join() { all_.loop_.watch(socket_, *this); }

  void ask(std::string_view question) {
    if (!socket_.open()) {
      throw std::runtime_error("a gateway closed a connection");
    }
    waits_ = true;
    if (send_some(socket_, question) != question.size()) {
      throw std::runtime_error("a gateway does not take a request");
    }
  }

private:
  void on_ready() override {
    const auto got = receive(socket_, all_.buffer_);
    if (got.ended) {
      socket_ = descriptor();
      settle(false);
      return;
    }
    // An answer that comes in one piece, as most do, is looked at where it is.
    const bool whole = partial_.empty();
    if (!whole) {
      partial_ += got.bytes;
    }
    const auto bytes = whole ? got.bytes : std::string_view(partial_);
    if (const auto answer = first_message(bytes)) {
      settle(answer->head.starts_with(good) && answer->body == all_.expected_ && answer->size() == bytes.size());
      partial_.clear();
    } else if (whole) {
      partial_ = bytes;
    }
  }

  void settle(bool right) {
    if (right && waits_) {
      all_.arrivals_.push_back(steady_clock::now());
    } else if (waits_ || socket_.open()) {
      ++all_.wrong_;
    }
    all_.waiting_ -= std::exchange(waits_, false) ? 1 : 0;
  }

  crowd& all_;
  descriptor socket_;
  std::string partial_;
  bool waits_ = false;
};

crowd::crowd(poller& loop, std::size_t size, std::span<const std::uint16_t> ports)
    : loop_(loop), buffer_(most_at_once) {
  askers_.reserve(size);
  arrivals_.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    askers_.emplace_back(*this, ports[i % ports.size()]).join();
    loop_.wait({}); // it may be the instance here that has to accept it
  }
}

crowd::~crowd() = default;

void crowd::ask(std::string_view question, std::string_view expected_body) {
  expected_ = expected_body;
  arrivals_.clear();
  waiting_ = askers_.size();
  for (auto& each : askers_) {
    each.ask(question);
  }
}

} // namespace rollcall::herding
