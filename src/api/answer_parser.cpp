#include "rollcall/api/answer.hpp"

#include "document.hpp"
#include "text.hpp"

#include <cstdint>
#include <optional>

namespace rollcall::api {
namespace {

namespace dom = simdjson::dom;

// An answer's texts go to logs and into memory that is kept; their lengths are the upstream's choice.
constexpr std::size_t kept_message = 200;
constexpr std::size_t kept_code = 32;

/// The fields of an envelope that tell what it is.
struct envelope {
  std::optional<dom::element> code;
  std::optional<dom::element> data;
  std::optional<std::string_view> message;
  std::optional<std::string_view> msg;
  /// `code` or `data` occurs twice: two readers may disagree about what it says.
  bool ambiguous = false;

  explicit envelope(dom::object object) {
    for (const auto [name, value] : object) {
      if (name == "code")
        take_once(code, value);
      else if (name == "data")
        take_once(data, value);
      else if (name == "message")
        take_text(message, value);
      else if (name == "msg")
        take_text(msg, value);
    }
  }

private:
  void take_once(std::optional<dom::element>& into, dom::element value) {
    ambiguous = ambiguous || into.has_value();
    into = value;
  }

  static void take_text(std::optional<std::string_view>& into, dom::element value) {
    if (std::string_view text; !into && value.get(text) == simdjson::SUCCESS)
      into = text;
  }
};

/// The code as text; empty when it is neither an integer nor a string.
std::string code_text(dom::element code) {
  if (std::int64_t number = 0; code.get(number) == simdjson::SUCCESS)
    return std::to_string(number);
  if (std::uint64_t number = 0; code.get(number) == simdjson::SUCCESS)
    return std::to_string(number);
  if (std::string_view text; code.get(text) == simdjson::SUCCESS)
    return std::string(cut(text, kept_code));
  return {};
}

answer read(document_parser& parser, padded_view body) {
  dom::element root;
  dom::object object;
  if (parser.parse_mended(body).get(root) != simdjson::SUCCESS || root.get(object) != simdjson::SUCCESS)
    return {};
  const envelope said(object);
  if (said.ambiguous || !said.code)
    return {};

  answer result;
  result.code = code_text(*said.code);
  if (result.code.empty())
    return {};
  dom::array members;
  const bool list = said.data && said.data->get(members) == simdjson::SUCCESS;
  if (list)
    result.members = members.size();
  if (result.code != "1000")
    result.kind = answer_kind::failure;
  else
    result.kind = list ? answer_kind::success : answer_kind::odd;
  result.message = cut(said.message.value_or(said.msg.value_or("")), kept_message);
  return result;
}

} // namespace

struct answer_parser::state {
  document_parser whole;
};

answer_parser::answer_parser() : state_(std::make_unique<state>()) {}

answer_parser::~answer_parser() = default;

answer answer_parser::classify(padded_view body) {
  answer result = read(state_->whole, body);
  state_->whole.trim();
  return result;
}

} // namespace rollcall::api
