#include "upstream/platform.hpp"

#include "upstream/control.hpp"
#include "upstream/endpoints.hpp"
#include "upstream/example.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace rollcall::standin {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view members_path = "/getChatRoomMember";

answer broken() {
  return plain_answer(500, "text/html;charset=utf-8",
                      "<!doctype html><html><head><title>HTTP Status 500</title></head>"
                      "<body><h1>HTTP Status 500 \u2013 Internal Server Error</h1></body></html>");
}

manner manner_of(fault_kind kind) {
  switch (kind) {
  case fault_kind::hang:
    return manner::hang;
  case fault_kind::close:
    return manner::close;
  case fault_kind::cut:
    return manner::cut;
  case fault_kind::noise:
    return manner::noise;
  default:
    return manner::proper;
  }
}

} // namespace

answer platform::failure() const {
  return json_answer(envelope(world_.options().style, 1001, "失败", "null"));
}

answer platform::respond(request&& asked) {
  const call made(asked);
  if (is_control(made.path())) {
    return control(std::move(asked), made, counters_, faults_, world_.options().style);
  }
  counters_.count(made.path());
  const auto met = trouble_.next();
  auto reply = answer_to(made, met);
  if (made.path() == members_path) {
    const auto credential = asked[http::field::authorization];
    counters_.count_room({credential.data(), credential.size()}, made.wid(), made.room());
  }
  reply.delay += met.delay;
  return reply;
}

answer platform::answer_to(const call& made, const mishap& met) {
  const auto meant = faults_.now();
  if (meant.kind == fault_kind::error) {
    return broken();
  }
  if (meant.kind == fault_kind::garbage) {
    return json_answer(R"({"message":"成功","code":"1000","data":[{"userName":"wx\0 <<< not JSON")");
  }
  auto reply = met.http_error ? broken() : met.failure ? failure() : endpoint(made);
  reply.how = manner_of(meant.kind);
  reply.delay = meant.delay;
  return reply;
}

answer platform::endpoint(const call& made) {
  if (made.path() == members_path) {
    return members(made);
  }
  const auto data = run_endpoint(world_, made);
  return data ? json_answer(envelope(world_.options().style, 1000, "成功", *data)) : failure();
}

answer platform::members(const call& made) {
  const auto wid = made.wid();
  const auto room = made.room();
  if (wid.empty() || room.empty() || world_.is_logged_out(wid)) {
    return failure();
  }
  const auto names = made.has("chatRoomId") ? naming::later : naming::first;
  const auto style = world_.options().style;
  const bool documented = wid == documented_wid && room == documented_room && names == naming::first;
  if (documented && !style.int_code && !style.msg && world_.is_untouched(room)) {
    return json_answer(std::string(documented_answer()));
  }
  answer reply;
  reply.body = world_.members(room, names);
  return reply;
}

} // namespace rollcall::standin
