#include "rollcall/api/answer.hpp"

#include "text.hpp"

namespace rollcall::api {

std::string_view to_string(answer_kind k) {
  switch (k) {
  case answer_kind::success:
    return "success";
  case answer_kind::failure:
    return "failure";
  case answer_kind::odd:
    return "odd";
  case answer_kind::unreadable:
    return "unreadable";
  }
  return "unknown";
}

std::string failure_envelope(std::string_view message) {
  std::string envelope;
  envelope.reserve(message.size() + 48);
  envelope += "{\"message\": ";
  append_json_string(envelope, message);
  envelope += ", \"code\": \"1001\", \"data\": null}";
  return envelope;
}

} // namespace rollcall::api
