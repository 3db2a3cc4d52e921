#include "herding/poller.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace rollcall::herding {

void fail(std::string_view what) {
  throw std::system_error(errno, std::generic_category(), std::string(what));
}

descriptor::~descriptor() {
  if (open()) {
    ::close(number_);
  }
}

poller::poller() : set_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!set_.open()) {
    fail("epoll_create1");
  }
}

void poller::watch(const descriptor& what, watcher& who) {
  control(EPOLL_CTL_ADD, what.get(), who, EPOLLIN);
}

void poller::watch_for_room(const descriptor& what, watcher& who, bool wanted) {
  control(EPOLL_CTL_MOD, what.get(), who, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void poller::control(int operation, int number, watcher& who, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &who;
  if (::epoll_ctl(set_.get(), operation, number, &event) != 0) {
    fail("epoll_ctl");
  }
}

void poller::wait(steady_clock::duration most) {
  std::array<epoll_event, 64> events{};
  const auto limit = std::max(std::chrono::ceil<std::chrono::milliseconds>(most), std::chrono::milliseconds(0));
  const int count =
      ::epoll_wait(set_.get(), events.data(), static_cast<int>(events.size()), static_cast<int>(limit.count()));
  if (count < 0 && errno != EINTR) {
    fail("epoll_wait");
  }
  for (int i = 0; i < count; ++i) {
    static_cast<watcher*>(events[static_cast<std::size_t>(i)].data.ptr)->on_ready();
  }
}

} // namespace rollcall::herding
