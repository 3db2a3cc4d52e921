#pragma once

#include "rollcall/net/request_parser.hpp"
#include "rollcall/upstream/instance.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace rollcall::gateway {

/// How the body of a forwarded request is framed.
struct body_framing {
  bool chunked = false;
  /// Absent when the request has no body.
  std::optional<std::uint64_t> length;
};

/// The head under which a request is passed through: the method, the target and every field as they came, but for the
/// hop-by-hop ones (RFC 9110 section 7.6.1), Expect (already answered), the instance's own Host, and the framing, which
/// is written anew. Appends it to `out`.
void append_forwarded_head(std::string& out, const net::request_head& head, const upstream::instance& to,
                           body_framing framing);

/// The same head while it is not known yet to which instance it goes. Copies what it needs.
class unaddressed_head {
public:
  unaddressed_head() = default;
  unaddressed_head(const net::request_head& head, body_framing framing);
  [[nodiscard]] std::string addressed(const upstream::instance& to) const;

private:
  std::string method_;
  std::string target_;
  std::string fields_; // all but Host, and the empty line
};

/// The fields of an upstream's answer that go back to the client: all but the hop-by-hop ones and the framing.
/// Appends them to `out`.
void append_relayed_fields(std::string& out, std::span<const net::field> fields);

} // namespace rollcall::gateway
