#include "rollcall/net/http_text.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace rollcall::net {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

beast::string_view beast_view(std::string_view s) {
  return {s.data(), s.size()};
}

// What is in front of the separator, without white space around it; `text` keeps what is behind it.
std::string_view take_until(char separator, std::string_view& text) {
  const auto at = text.find(separator);
  const auto part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return trimmed(part);
}

// A weight of zero, `q=0` to `q=0.000`, means "not acceptable"; what is no weight means nothing good either.
bool is_above_zero(std::string_view weight) {
  return weight.find_first_not_of("0123456789.") == std::string_view::npos &&
         weight.find_first_of("123456789") != std::string_view::npos;
}

} // namespace

std::string_view date_line::at(std::chrono::sys_seconds now) {
  if (now == second_)
    return line_;
  second_ = now;
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{now - day};
  line_ =
      fmt::format("Date: {}, {:02} {} {:04} {:02}:{:02}:{:02} GMT\r\n", days[std::chrono::weekday{day}.c_encoding()],
                  static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                  static_cast<int>(date.year()), time.hours().count(), time.minutes().count(), time.seconds().count());
  return line_;
}

std::size_t head_end(std::string_view bytes, std::size_t from) {
  for (auto at = bytes.find('\n', from); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
    const auto next = bytes.substr(at + 1, 2);
    if (next.starts_with('\n'))
      return at + 2;
    if (next == "\r\n")
      return at + 3;
  }
  return 0;
}

std::string_view reason_phrase(unsigned status) {
  const auto text = http::obsolete_reason(http::int_to_status(status));
  return status < 600 && text != "<unknown-status>" ? std::string_view(text.data(), text.size()) : std::string_view{};
}

bool iequals(std::string_view a, std::string_view b) {
  return beast::iequals(beast_view(a), beast_view(b));
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// By hand, because Beast's ext_list hands the parameters of one item on to a next one that has none.
bool accepts_gzip(std::string_view accept_encoding) {
  bool wildcard = false;
  while (!accept_encoding.empty()) {
    auto parameters = take_until(',', accept_encoding);
    const auto coding = take_until(';', parameters);
    bool acceptable = true;
    while (!parameters.empty()) {
      auto weight = take_until(';', parameters);
      if (iequals(take_until('=', weight), "q"))
        acceptable = is_above_zero(take_until(';', weight));
    }
    if (iequals(coding, "gzip") || iequals(coding, "x-gzip"))
      return acceptable;
    if (coding == "*")
      wildcard = acceptable;
  }
  return wildcard;
}

} // namespace rollcall::net
