#pragma once

#include "support/raw_client.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

namespace support {

/// Looks every few milliseconds until `condition` holds; false when it does not within `limit`.
template <std::predicate Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// The value of one of a gateway's metrics, summed over its labels.
inline double metric(std::uint16_t admin_port, std::string_view name) {
  const auto text = raw_client(admin_port).ask("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").body;
  double sum = 0;
  for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += name.size()) {
    const auto behind = at + name.size();
    if ((at == 0 || text[at - 1] == '\n') && (text[behind] == ' ' || text[behind] == '{'))
      sum += std::stod(text.substr(text.find(' ', text[behind] == '{' ? text.find('}', behind) : behind)));
  }
  return sum;
}

} // namespace support
