#include "rollcall/ops/service_manager.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace rollcall::ops {

void tell_service_manager(std::string_view state) noexcept {
  const char* const given = std::getenv("NOTIFY_SOCKET");
  const std::string_view name = given ? given : "";
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (name.size() < 2 || name.size() >= sizeof to.sun_path || (name.front() != '/' && name.front() != '@'))
    return;
  std::memcpy(to.sun_path, name.data(), name.size());
  if (name.front() == '@') // which stands for the NUL byte of the abstract namespace
    to.sun_path[0] = 0;
  const int s = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (s < 0)
    return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  (void)::sendto(s, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), size);
  ::close(s);
}

std::string reloading() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                     std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

} // namespace rollcall::ops
