#include "rollcall/api/account_scanner.hpp"

#include "document.hpp"

#include <optional>

namespace rollcall::api {

namespace {

constexpr std::string_view name = "wId";
// The longest way to write it: each letter as \uXXXX.
constexpr std::size_t name_most = 6 * name.size();

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// What stands between the quotes of a string that has escapes; nullopt when they are broken.
std::optional<std::string> unescaped(std::string_view raw) {
  std::string quoted;
  quoted.reserve(raw.size() + 2 + padding);
  quoted.append(1, '"').append(raw).append(1, '"');
  document_parser parser;
  std::string_view text;
  if (parser.parse({quoted.data(), quoted.size()}).get_string().get(text) != simdjson::SUCCESS)
    return std::nullopt;
  return std::string(text);
}

} // namespace

account_scanner::verdict account_scanner::scan(std::string_view piece) {
  for (std::size_t i = 0; i < piece.size() && result_ == verdict::more; ++i) {
    if (next_ == expecting::value_end && in_string_ && !escaped_) { // most of a body is in a few long strings
      i = piece.find_first_of("\"\\", i);
      if (i == std::string_view::npos)
        break;
    }
    take(piece[i]);
  }
  return result_;
}

void account_scanner::take(char c) {
  if (next_ == expecting::key_text || next_ == expecting::value_text)
    return take_text(c);
  if (next_ == expecting::value_end)
    return within_value(c);
  if (is_space(c))
    return;
  if (next_ == expecting::object && c == '{') {
    next_ = expecting::key;
  } else if (next_ == expecting::key && c == '"') {
    text_.clear();
    has_escapes_ = too_long_ = false;
    next_ = expecting::key_text;
  } else if (next_ == expecting::colon && c == ':') {
    next_ = expecting::value;
  } else if (next_ == expecting::value) {
    begin_value(c);
  } else { // the end of the object, or no JSON
    result_ = verdict::none;
  }
}

void account_scanner::begin_value(char c) {
  if (!is_account_) {
    next_ = expecting::value_end;
    return within_value(c);
  }
  if (c != '"') {
    result_ = verdict::none;
    return;
  }
  text_.clear();
  has_escapes_ = false;
  next_ = expecting::value_text;
}

// Of a value that does not matter only the end is looked for.
void account_scanner::within_value(char c) {
  if (in_string_) {
    if (escaped_)
      escaped_ = false;
    else if (c == '\\')
      escaped_ = true;
    else if (c == '"')
      in_string_ = false;
  } else if (c == '"') {
    in_string_ = true;
  } else if (c == '{' || c == '[') {
    ++depth_;
  } else if (c == '}' || c == ']' || c == ',') {
    end_value(c);
  }
}

void account_scanner::end_value(char c) {
  if (depth_ > 0) {
    depth_ -= c == ',' ? 0 : 1;
    return;
  }
  if (c == ',')
    next_ = expecting::key;
  else
    result_ = verdict::none;
}

void account_scanner::take_text(char c) {
  if (escaped_) {
    escaped_ = false;
    return keep(c);
  }
  if (c == '"')
    return end_text();
  escaped_ = c == '\\';
  has_escapes_ = has_escapes_ || escaped_;
  keep(c);
}

void account_scanner::keep(char c) {
  if (next_ == expecting::key_text && text_.size() >= name_most)
    too_long_ = true; // whatever it is, it is not that
  else
    text_ += c;
}

void account_scanner::end_text() {
  if (has_escapes_ && !too_long_)
    text_ = unescaped(text_).value_or("");
  if (next_ == expecting::key_text) {
    is_account_ = !too_long_ && text_ == name;
    next_ = expecting::colon;
  } else {
    result_ = text_.empty() ? verdict::none : verdict::found;
  }
}

} // namespace rollcall::api
