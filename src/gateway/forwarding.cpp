#include "rollcall/gateway/forwarding.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace rollcall::gateway {

namespace http = boost::beast::http;

namespace {

std::string_view std_view(boost::beast::string_view s) {
  return {s.data(), s.size()};
}

// Fields that concern one connection only, or that we write ourselves.
bool is_ours(http::field id) {
  switch (id) {
  case http::field::connection:
  case http::field::keep_alive:
  case http::field::proxy_connection:
  case http::field::proxy_authenticate:
  case http::field::proxy_authorization:
  case http::field::te:
  case http::field::trailer:
  case http::field::transfer_encoding:
  case http::field::upgrade:
  case http::field::http2_settings:
  case http::field::content_length:
    return true;
  default:
    return false;
  }
}

// The names that all Connection fields list: hop-by-hop fields too. Sorted, because a hostile head may hold thousands
// of names and of fields.
class connection_options {
public:
  explicit connection_options(std::span<const net::field> fields) {
    for (const auto& f : fields)
      if (f.id == http::field::connection)
        add(f.value);
    std::ranges::sort(names_, less);
  }
  [[nodiscard]] bool name(std::string_view field) const {
    return !names_.empty() && std::ranges::binary_search(names_, field, less);
  }

private:
  void add(std::string_view value) {
    for (const auto token : http::token_list({value.data(), value.size()}))
      names_.push_back(std_view(token));
  }
  static bool less(std::string_view a, std::string_view b) {
    return boost::beast::iless{}({a.data(), a.size()}, {b.data(), b.size()});
  }
  std::vector<std::string_view> names_;
};

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_start(std::string& out, std::string_view method, std::string_view target, const upstream::instance& to) {
  const auto base = target == "*" ? std::string_view() : std::string_view(to.base_path);
  out.append(method).append(" ").append(base).append(target).append(" HTTP/1.1\r\n");
  append_field(out, "Host", to.authority());
}

void append_rest(std::string& out, const net::request_head& head, body_framing framing) {
  const connection_options hop_by_hop(head.fields);
  for (const auto& f : head.fields)
    if (!is_ours(f.id) && f.id != http::field::host && f.id != http::field::expect && !hop_by_hop.name(f.name))
      append_field(out, f.name, f.value);
  if (framing.chunked)
    append_field(out, "Transfer-Encoding", "chunked");
  else if (framing.length)
    append_field(out, "Content-Length", std::to_string(*framing.length));
  out.append("\r\n");
}

} // namespace

void append_forwarded_head(std::string& out, const net::request_head& head, const upstream::instance& to,
                           body_framing framing) {
  out.reserve(1024); // a small body fits in as well
  append_start(out, head.method_text, head.target, to);
  append_rest(out, head, framing);
}

unaddressed_head::unaddressed_head(const net::request_head& head, body_framing framing)
    : method_(head.method_text), target_(head.target) {
  append_rest(fields_, head, framing);
}

std::string unaddressed_head::addressed(const upstream::instance& to) const {
  std::string out;
  out.reserve(1024);
  append_start(out, method_, target_, to);
  return out += fields_;
}

void append_relayed_fields(std::string& out, std::span<const net::field> fields) {
  const connection_options hop_by_hop(fields);
  for (const auto& f : fields)
    if (!is_ours(f.id) && !hop_by_hop.name(f.name))
      append_field(out, f.name, f.value);
}

} // namespace rollcall::gateway
