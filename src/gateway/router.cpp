#include "rollcall/gateway/router.hpp"

#include "rollcall/api/answer.hpp"

namespace rollcall::gateway {

namespace {

// A query string makes it another request: the answer may depend on it.
bool is_cached_route(const net::request_head& head) {
  return head.method == net::http::verb::post && head.target == members::path;
}

} // namespace

net::body_plan router::plan(const net::request_head& head) {
  if (is_cached_route(head))
    return {.buffered = true, .limit = members::body_most};
  return {.buffered = false, .limit = 0};
}

void router::serve(const net::request& r, net::exchange& x) {
  if (is_cached_route(r.head))
    members_.serve(r, x);
  else
    passthrough_.serve(r, x);
}

std::string router::error_body(unsigned, std::string_view message) {
  return api::failure_envelope(message);
}

} // namespace rollcall::gateway
