#include "load/connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace rollcall::load {
namespace {

constexpr std::size_t read_size = 64 << 10;
constexpr std::size_t most_spare = 64;

} // namespace

std::vector<char> spare_buffers::take() {
  if (spare_.empty()) {
    return {};
  }
  auto one = std::move(spare_.back());
  spare_.pop_back();
  return one;
}

void spare_buffers::give(std::vector<char> back) {
  if (spare_.size() < most_spare) {
    spare_.push_back(std::move(back));
  }
}

bool connection::connect(const address& where, std::int64_t at) {
  socket_ = herding::descriptor(::socket(where.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_.open()) {
    return false;
  }
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int error = ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&where.bytes), where.size);
  if (error != 0 && errno != EINPROGRESS) {
    socket_ = {};
    return false;
  }
  state_ = state::connecting;
  since_ = at;
  return true;
}

bool connection::finish_connecting() {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
    return false;
  }
  state_ = state::open;
  write_rest();
  return true;
}

void connection::close() {
  state_ = state::closed;
  socket_ = {};
  unsent_.clear();
  keep({}, 0);
  count_ = 0;
}

void connection::write(std::string_view bytes) {
  if (state_ == state::open && unsent_.empty()) {
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    bytes.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0); // the read after it tells of errors
  }
  unsent_ += bytes;
}

void connection::write_rest() {
  if (!unsent_.empty()) {
    write(std::exchange(unsent_, {}));
  }
}

connection::received connection::read(std::span<char> shared) {
  const bool fresh = used_ == 0;
  if (!fresh && kept_.size() < std::max(needed_, used_ + read_size)) {
    kept_.resize(std::max(needed_, 2 * used_ + read_size));
  }
  const auto into = fresh ? shared : std::span(kept_).subspan(used_);
  const auto got = ::recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT);
  if (got <= 0) {
    return {.bytes = {}, .ended = got == 0 || (errno != EAGAIN && errno != EINTR)};
  }
  const auto count = static_cast<std::size_t>(got);
  const bool drained = count < into.size();
  if (fresh) {
    return {.bytes = {shared.data(), count}, .any = true, .drained = drained};
  }
  used_ += count;
  const bool enough = used_ >= needed_;
  return {.bytes = {kept_.data(), enough ? used_ : 0}, .any = true, .drained = drained};
}

void connection::keep(std::string_view rest, std::size_t needed) {
  if (rest.empty() && !kept_.empty()) {
    spare_->give(std::exchange(kept_, {}));
  } else if (!rest.empty()) {
    if (kept_.empty()) {
      kept_ = spare_->take();
      kept_.resize(std::max({kept_.size(), needed, rest.size() + read_size}));
    }
    std::memmove(kept_.data(), rest.data(), rest.size());
  }
  used_ = rest.size();
  needed_ = needed;
}

void connection::push(const asked& q) noexcept {
  ring_[(first_ + count_) % ring_.size()] = q;
  ++count_;
}

asked connection::pop() noexcept {
  const auto q = ring_[first_];
  first_ = (first_ + 1) % ring_.size();
  --count_;
  return q;
}

} // namespace rollcall::load
