#include "rollcall/upstream/error.hpp"

namespace rollcall::upstream {

std::string_view to_string(failure f) {
  switch (f) {
  case failure::unreachable:
    return "the upstream instance cannot be reached";
  case failure::connect_timed_out:
    return "the upstream instance did not accept a connection in time";
  case failure::timed_out:
    return "the upstream instance did not answer in time";
  case failure::unanswered:
    return "the upstream instance closed the connection instead of answering";
  case failure::closed:
    return "the upstream instance closed the connection before it had answered";
  case failure::malformed:
    return "the upstream instance's answer is not valid HTTP";
  case failure::too_large:
    return "the upstream instance's answer is too large";
  case failure::no_instance:
    return "no upstream instance is configured for this wId";
  case failure::ejected:
    return "the upstream instance has failed too often of late, try again in a moment";
  case failure::untrusted:
    return "the upstream instance's certificate is not accepted";
  }
  return "";
}

std::string_view label_of(failure f) {
  switch (f) {
  case failure::unreachable:
    return "unreachable";
  case failure::connect_timed_out:
    return "connect-timed-out";
  case failure::timed_out:
    return "timed-out";
  case failure::unanswered:
    return "unanswered";
  case failure::closed:
    return "closed";
  case failure::malformed:
    return "malformed";
  case failure::too_large:
    return "too-large";
  case failure::no_instance:
    return "no-instance";
  case failure::ejected:
    return "ejected";
  case failure::untrusted:
    return "untrusted";
  }
  return "";
}

unsigned status_of(failure f) {
  if (f == failure::ejected)
    return 503;
  return f == failure::connect_timed_out || f == failure::timed_out ? 504 : 502;
}

} // namespace rollcall::upstream
