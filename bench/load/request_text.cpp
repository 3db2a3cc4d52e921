#include "load/request_text.hpp"

#include <fmt/format.h>

namespace rollcall::load {

request_text::request_text(const plan& of) {
  for (const auto& target : of.targets) {
    hosts_.push_back(fmt::format(" HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n{}{}", target.authority(),
                                 of.gzip ? "Accept-Encoding: gzip\r\n" : "",
                                 of.reconnect ? "Connection: close\r\n" : ""));
  }
}

void request_text::append(std::string& to, std::size_t target, const question& q) const {
  to += q.method;
  to += ' ';
  to += q.path;
  to += hosts_[target];
  if (!q.token.empty()) {
    to += "Authorization: ";
    to += q.token;
    to += "\r\n";
  }
  const fmt::format_int length(q.body.size());
  to += "Content-Length: ";
  to.append(length.data(), length.size());
  to += "\r\n\r\n";
  to += q.body;
}

} // namespace rollcall::load
