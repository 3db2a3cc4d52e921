#include "load/address.hpp"

#include "herding/poller.hpp"
#include "load/answer_head.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace rollcall::load {
namespace {

using herding::descriptor;

constexpr std::chrono::seconds longest_connect(10);

descriptor connect_to(const address& where, std::chrono::seconds patience) {
  descriptor socket(::socket(where.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.open()) {
    const timeval limit{patience.count(), 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); // bounds connect() as well
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&where.bytes), where.size) == 0) {
      return socket;
    }
  }
  return {};
}

/// The body, once all of it has come.
std::optional<std::string> read_body(std::string_view bytes) {
  answer_head head;
  const auto found = read_head(bytes, head);
  if (found == progress::broken || (found == progress::whole && head.status != 200)) {
    throw std::runtime_error(found == progress::broken ? "no HTTP/1.1 response"
                                                       : fmt::format("HTTP status {}", head.status));
  }
  if (found == progress::partial) {
    return std::nullopt;
  }
  std::string body(bytes.substr(head.size));
  if (head.chunked) {
    std::string decoded;
    std::size_t taken = 0;
    return read_chunked(body, decoded, taken) == progress::whole ? std::optional(decoded) : std::nullopt;
  }
  return body.size() >= head.body ? std::optional(body.substr(0, head.body)) : std::nullopt;
}

} // namespace

std::string url::authority() const {
  return fmt::format("{}:{}", host.contains(':') ? '[' + host + ']' : host, port);
}

std::optional<url> parse_url(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  if (!text.starts_with(scheme)) {
    return std::nullopt;
  }
  text.remove_prefix(scheme.size());
  url read;
  const auto slash = std::min(text.find('/'), text.size());
  if (slash < text.size()) {
    read.path = text.substr(slash);
  }
  auto authority = text.substr(0, slash);
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && !authority.ends_with(']')) {
    const auto digits = authority.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), read.port);
    if (error != std::errc() || end != digits.data() + digits.size() || read.port == 0) {
      return std::nullopt;
    }
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) {
    authority = authority.substr(1, authority.size() - 2);
  } else if (authority.contains(':')) {
    return std::nullopt;
  }
  read.host = authority;
  const bool plain = std::ranges::none_of(text, [](char c) { return c <= ' ' || c == '@' || c == 0x7f; });
  return plain && !read.host.empty() ? std::optional(read) : std::nullopt;
}

address find(const url& where) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const auto port = std::to_string(where.port);
  if (const int error = ::getaddrinfo(where.host.c_str(), port.c_str(), &hints, &found); error != 0) {
    throw std::runtime_error(fmt::format("{}: {}", where.authority(), ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  for (const auto* each = found; each != nullptr; each = each->ai_next) {
    address one;
    std::memcpy(&one.bytes, each->ai_addr, each->ai_addrlen);
    one.size = each->ai_addrlen;
    if (connect_to(one, longest_connect).open()) {
      return one;
    }
  }
  throw std::runtime_error(fmt::format("{}: {}", where.authority(), std::strerror(errno)));
}

std::string ask_once(const address& where, std::string_view request, std::chrono::seconds patience) {
  const auto socket = connect_to(where, patience);
  if (!socket.open()) {
    throw std::runtime_error(std::strerror(errno));
  }
  while (!request.empty()) {
    const auto sent = ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      throw std::runtime_error(std::strerror(errno));
    }
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string bytes;
  std::array<char, 64 * 1024> buffer{};
  for (;;) {
    const auto got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) {
      throw std::runtime_error(got == 0 ? "closed without an answer" : std::strerror(errno));
    }
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
    if (auto body = read_body(bytes)) {
      return *body;
    }
  }
}

} // namespace rollcall::load
