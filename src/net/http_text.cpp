#include "rollcall/net/http_text.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/rfc7230.hpp>
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

// A weight of exactly zero, `q=0` to `q=0.000`, means "not acceptable".
bool is_zero_weight(std::string_view q) {
  return q.starts_with('0') && q.find_first_not_of("0.") == std::string_view::npos;
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

std::string_view reason_phrase(unsigned status) {
  const auto text = http::obsolete_reason(http::int_to_status(status));
  return status < 600 && text != "<unknown-status>" ? std::string_view(text.data(), text.size()) : std::string_view{};
}

bool accepts_gzip(std::string_view accept_encoding) {
  bool wildcard = false;
  // A parameter list is what the grammar of Accept-Encoding amounts to: token *( OWS ";" OWS "q=" weight ).
  for (const auto& item : http::ext_list{beast_view(accept_encoding)}) {
    bool refused = false;
    for (const auto& parameter : item.second)
      if (beast::iequals(parameter.first, "q"))
        refused = is_zero_weight({parameter.second.data(), parameter.second.size()});
    if (beast::iequals(item.first, "gzip") || beast::iequals(item.first, "x-gzip"))
      return !refused;
    if (item.first == "*")
      wildcard = !refused;
  }
  return wildcard;
}

bool list_has_token(std::string_view list, std::string_view token) {
  return http::token_list{beast_view(list)}.exists(beast_view(token));
}

} // namespace rollcall::net
