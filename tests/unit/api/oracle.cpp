#include "oracle.hpp"

#include "rollcall/api/answer.hpp"

#include "samples.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace rollcall::api::test {
namespace {

using boost::json::error_code;
using text_view = boost::json::string_view;

/// Boost.JSON's events, of which only the outermost object's are kept.
struct handler {
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  oracle seen;
  std::size_t depth = 0;
  std::string part;

  bool value(oracle::type kind, std::string_view text = {}) {
    if (depth == 1 && seen.object) {
      seen.fields.back().kind = kind;
      seen.fields.back().text = text;
    }
    return true;
  }
  std::string take(text_view last) {
    part.append(last.data(), last.size());
    return std::exchange(part, {});
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    if (depth == 0)
      seen.object = true;
    else
      value(oracle::type::other);
    ++depth;
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    --depth;
    return true;
  }
  bool on_array_begin(error_code&) {
    value(oracle::type::array);
    ++depth;
    return true;
  }
  bool on_array_end(std::size_t, error_code&) {
    --depth;
    return true;
  }
  bool on_key_part(text_view s, std::size_t, error_code&) {
    part.append(s.data(), s.size());
    return true;
  }
  bool on_key(text_view s, std::size_t, error_code&) {
    std::string name = take(s);
    if (depth == 1)
      seen.fields.push_back({std::move(name), oracle::type::other, {}});
    return true;
  }
  bool on_string_part(text_view s, std::size_t, error_code&) {
    part.append(s.data(), s.size());
    return true;
  }
  bool on_string(text_view s, std::size_t, error_code&) { return value(oracle::type::string, take(s)); }
  bool on_number_part(text_view, error_code&) { return true; }
  bool on_int64(std::int64_t n, text_view, error_code&) { return value(oracle::type::integer, std::to_string(n)); }
  bool on_uint64(std::uint64_t n, text_view, error_code&) { return value(oracle::type::integer, std::to_string(n)); }
  bool on_double(double, text_view, error_code&) { return value(oracle::type::other); }
  bool on_bool(bool, error_code&) { return value(oracle::type::other); }
  bool on_null(error_code&) { return value(oracle::type::other); }
  bool on_comment_part(text_view, error_code&) { return true; }
  bool on_comment(text_view, error_code&) { return true; }
};

} // namespace

std::size_t oracle::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count(fields, name, &field::name));
}

const oracle::field* oracle::find(std::string_view name) const {
  const auto at = std::ranges::find(fields, name, &field::name);
  return at == fields.end() ? nullptr : &*at;
}

std::optional<oracle> ask_oracle(std::string_view text) {
  boost::json::basic_parser<handler> parser{boost::json::parse_options{}};
  error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error || used != text.size())
    return std::nullopt;
  return std::move(parser.handler().seen);
}

std::string expected_verdict(std::string_view body) {
  const auto seen = ask_oracle(body);
  if (!seen)
    return line(query_error::not_json);
  if (!seen->object)
    return line(query_error::not_an_object);
  const auto known = {seen->find("wId"), seen->find("wcId"), seen->find("chatRoomId")};
  const auto present = static_cast<std::size_t>(std::ranges::count_if(known, [](auto* f) { return f != nullptr; }));
  if (seen->count("wId") + seen->count("wcId") + seen->count("chatRoomId") > present)
    return line(query_error::duplicate_name);
  const auto [w_id, wc_id, chat_room_id] = std::array{seen->find("wId"), seen->find("wcId"), seen->find("chatRoomId")};
  if (!w_id)
    return line(query_error::missing_w_id);
  if (!wc_id && !chat_room_id)
    return line(query_error::missing_room);
  if (std::ranges::any_of(known, [](auto* f) { return f && f->kind != oracle::type::string; }))
    return line(query_error::not_a_string);
  if (std::ranges::any_of(known, [](auto* f) { return f && f->text.empty(); }))
    return line(query_error::empty_string);
  if (seen->fields.size() > 2)
    return line(pass_through{});
  return line(w_id->text, wc_id ? room_field::wcId : room_field::chatRoomId, (wc_id ? wc_id : chat_room_id)->text);
}

std::string_view expected_kind(std::string_view body) {
  const auto seen = ask_oracle(body);
  if (!seen || !seen->object || seen->count("code") != 1 || seen->count("data") > 1)
    return to_string(answer_kind::unreadable);
  const auto* code = seen->find("code");
  if ((code->kind != oracle::type::string && code->kind != oracle::type::integer) || code->text.empty())
    return to_string(answer_kind::unreadable);
  if (code->text != "1000")
    return to_string(answer_kind::failure);
  const auto* data = seen->find("data");
  return to_string(data && data->kind == oracle::type::array ? answer_kind::success : answer_kind::odd);
}

} // namespace rollcall::api::test
