#pragma once

#include <string>
#include <string_view>

namespace rollcall::ops {

/// Tells the service manager that started this process, if it wants to know (sd_notify(3): one datagram to the socket
/// that NOTIFY_SOCKET names), such as "READY=1". Never waits, never fails: nobody may be listening. Any thread.
void tell_service_manager(std::string_view state) noexcept;

/// What to tell before the configuration is read again; READY=1 follows it.
std::string reloading();

} // namespace rollcall::ops
