#include "bare/server.hpp"

#include "herding/sockets.hpp"

#include <sys/socket.h>

#include <chrono>
#include <string_view>
#include <utility>

namespace rollcall::bare {
namespace {

constexpr int backlog = 4096;
constexpr std::size_t most_at_once = 64 * 1024;

herding::descriptor listen_on(const sockaddr_in& where) {
  herding::descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!made.open() || ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(made.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 ||
      ::listen(made.get(), backlog) != 0) {
    herding::fail("listening");
  }
  return made;
}

bool ends_request(std::string_view read) {
  return read.ends_with('}') || read.ends_with("\r\n\r\n");
}

} // namespace

class server::connection final : herding::poller::watcher {
public:
  connection(server& all, herding::descriptor socket) : all_(all), socket_(std::move(socket)) {
    all_.loop_.watch(socket_, *this);
  }

private:
  void on_ready() override {
    if (left_.empty() && !read()) {
      return;
    }
    left_.remove_prefix(herding::send_some(socket_, left_));
    if (const bool more = !left_.empty(); more != waits_for_room_) {
      all_.loop_.watch_for_room(socket_, *this, more);
      waits_for_room_ = more;
    }
  }

  /// Whether there is something to answer.
  bool read() {
    const auto got = herding::receive(socket_, all_.buffer_);
    if (got.ended) {
      all_.ended_.push_back(socket_.get());
    }
    if (!ends_request(got.bytes)) {
      return false;
    }
    left_ = all_.answer_;
    return true;
  }

  server& all_;
  herding::descriptor socket_;
  std::string_view left_; ///< of the answer
  bool waits_for_room_ = false;
};

server::server(const sockaddr_in& where, std::string answer)
    : answer_(std::move(answer)), buffer_(most_at_once), listening_(listen_on(where)) {
  loop_.watch(listening_, *this);
}

server::~server() = default;

sockaddr_in server::endpoint() const {
  sockaddr_in found{};
  socklen_t size = sizeof found;
  if (::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&found), &size) != 0) {
    herding::fail("getsockname");
  }
  return found;
}

void server::run() {
  while (true) {
    loop_.wait(std::chrono::hours(1));
    for (const int number : std::exchange(ended_, {})) {
      connections_.erase(number);
    }
  }
}

void server::on_ready() {
  for (auto accepted = herding::accept_from(listening_); accepted.open(); accepted = herding::accept_from(listening_)) {
    const int number = accepted.get();
    connections_.insert_or_assign(number, std::make_unique<connection>(*this, std::move(accepted)));
  }
}

} // namespace rollcall::bare
