#include "load/answer_head.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace rollcall::load {
namespace {

constexpr std::string_view line_end = "\r\n";

/// The value of a line whose name is this, in lower case and with its colon.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (line.size() < name.size() || !std::ranges::equal(line.substr(0, name.size()), name, {}, lower)) {
    return std::nullopt;
  }
  const auto value = line.substr(name.size());
  return value.substr(std::min(value.find_first_not_of(' '), value.size()));
}

template <class Number>
bool read_number(std::string_view text, Number& into, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into, base);
  return error == std::errc() && end == text.data() + text.size();
}

/// By the first letter: most lines are none of ours.
bool read_line(std::string_view line, answer_head& into, bool& framed) {
  switch (line.empty() ? '\0' : line.front() | 32) {
  case 'c':
    if (const auto length = value_of(line, "content-length:")) {
      framed = true;
      return read_number(*length, into.body) && into.body <= largest_body;
    }
    if (const auto status = value_of(line, "cache-status:")) {
      into.cache = outcome_of(*status);
      into.hit = status->contains("; hit");
    } else if (const auto coding = value_of(line, "content-encoding:")) {
      into.gzip = *coding == "gzip";
    } else if (const auto option = value_of(line, "connection:")) {
      into.close = *option == "close";
    }
    return true;
  case 't':
    if (const auto coding = value_of(line, "transfer-encoding:")) {
      framed = into.chunked = *coding == "chunked";
      return framed;
    }
    return true;
  default:
    return true;
  }
}

} // namespace

progress read_head(std::string_view bytes, answer_head& into) {
  constexpr std::string_view version = "HTTP/1.1 ";
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return bytes.size() > largest_head ? progress::broken : progress::partial;
  }
  into = {};
  into.size = end + 4;
  if (!bytes.starts_with(version) || !read_number(bytes.substr(version.size(), 3), into.status) || into.status < 200) {
    return progress::broken;
  }
  bool framed = into.status == 204 || into.status == 304;
  for (auto at = bytes.find(line_end) + 2; at < end + 2;) {
    const auto stop = bytes.find('\r', at);
    if (!read_line(bytes.substr(at, stop - at), into, framed)) {
      return progress::broken;
    }
    at = stop + 2;
  }
  return framed ? progress::whole : progress::broken;
}

progress read_chunked(std::string_view bytes, std::string& into, std::size_t& taken) {
  into.clear();
  for (std::size_t at = 0;;) {
    const auto stop = bytes.find(line_end, at);
    if (stop == std::string_view::npos) {
      return progress::partial;
    }
    const auto line = bytes.substr(at, stop - at);
    std::size_t size = 0;
    if (!read_number(line.substr(0, line.find_first_of("; ")), size, 16) || size > largest_body - into.size()) {
      return progress::broken;
    }
    at = stop + 2;
    if (bytes.size() < at + size + 2) {
      return progress::partial;
    }
    if (bytes.substr(at + size, 2) != line_end) {
      return progress::broken; // a trailer, too: nobody we measure sends one
    }
    into.append(bytes.substr(at, size));
    at += size + 2;
    if (size == 0) {
      taken = at;
      return progress::whole;
    }
  }
}

} // namespace rollcall::load
