#include "plain_head.hpp"

#include "rollcall/net/http_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace rollcall::net {

namespace {

enum : std::uint8_t { in_target = 1, in_name = 2, in_value = 4, in_authority = 8, digit = 16 };

// Narrower than RFC 9110 has it: what is left out is rare, and Beast's to judge.
constexpr auto classes = [] {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&table](std::string_view chars, std::uint8_t what) {
    for (const char c : chars)
      table[static_cast<unsigned char>(c)] |= what;
  };
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  add(letters, in_target | in_name | in_authority);
  add("0123456789", digit);
  add("-", in_name | in_authority);
  add("-._~/?:@!$&()*+,;=%", in_target);
  add(".:[]_", in_authority);
  for (unsigned c = 0x20; c < 0x100; ++c)
    if (c != 0x7f)
      table[c] |= in_value;
  table['\t'] |= in_value;
  return table;
}();

constexpr bool is(char c, std::uint8_t what) {
  return (classes[static_cast<unsigned char>(c)] & what) != 0;
}

/// A name of up to sixteen bytes as two numbers. Names are of letters, digits and hyphens, of which this bit tells
/// upper case from lower case and nothing else.
struct folded {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend constexpr bool operator==(const folded&, const folded&) = default;
};

constexpr folded fold(std::string_view name) {
  folded f;
  for (std::size_t i = 0; i < name.size(); ++i)
    (i < 8 ? f.low : f.high) |= std::uint64_t{static_cast<unsigned char>(name[i] | 0x20)} << (i % 8 * 8);
  return f;
}

folded load_folded(std::string_view name) {
  folded f;
  if (name.size() > 8) {
    std::memcpy(&f.low, name.data(), 8);
    std::memcpy(&f.high, name.data() + 8, name.size() - 8);
  } else {
    std::memcpy(&f.low, name.data(), name.size());
  }
  const auto ones = [](std::size_t bytes) {
    return bytes >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << bytes * 8) - 1;
  };
  constexpr std::uint64_t lower = 0x2020202020202020;
  f.low |= lower & ones(std::min<std::size_t>(name.size(), 8));
  f.high |= lower & ones(name.size() > 8 ? name.size() - 8 : 0);
  return f;
}

struct known_name {
  folded name;
  http::field id;
};

/// What bots' clients send, by how often they do.
constexpr std::array<known_name, 10> known_names{{
    {fold("host"), http::field::host},
    {fold("content-length"), http::field::content_length},
    {fold("content-type"), http::field::content_type},
    {fold("authorization"), http::field::authorization},
    {fold("accept"), http::field::accept},
    {fold("accept-encoding"), http::field::accept_encoding},
    {fold("user-agent"), http::field::user_agent},
    {fold("connection"), http::field::connection},
    {fold("cache-control"), http::field::cache_control},
    {fold("accept-language"), http::field::accept_language},
}};

http::field id_of(std::string_view name) {
  if (name.size() <= 16) {
    const auto f = load_folded(name);
    for (const auto& known : known_names)
      if (known.name == f)
        return known.id;
  }
  return http::string_to_field({name.data(), name.size()});
}

/// Whether one of eight bytes is below 0x20 or 0x7f; now and then it says so for no reason.
bool may_hold_control_byte(const char* eight) {
  constexpr std::uint64_t each = 0x0101010101010101;
  std::uint64_t x = 0;
  std::memcpy(&x, eight, sizeof x);
  const auto del = x ^ (each * 0x7f);
  return (((x - each * 0x20) & ~x) | ((del - each) & ~del)) & (each * 0x80);
}

/// Reads on in one head.
class cursor {
public:
  explicit cursor(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool skip(std::string_view text) {
    if (static_cast<std::size_t>(end_ - at_) < text.size() || std::memcmp(at_, text.data(), text.size()) != 0)
      return false;
    at_ += text.size();
    return true;
  }
  std::string_view take(std::uint8_t what) {
    const char* const from = at_;
    while (at_ != end_ && is(*at_, what))
      ++at_;
    return {from, static_cast<std::size_t>(at_ - from)};
  }
  /// What a field's value may hold, eight bytes at a time as long as they are all such.
  std::string_view take_value() {
    const char* const from = at_;
    while (end_ - at_ >= 8 && !may_hold_control_byte(at_))
      at_ += 8;
    (void)take(in_value);
    return {from, static_cast<std::size_t>(at_ - from)};
  }
  void skip_blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t'))
      ++at_;
  }
  [[nodiscard]] bool at_end() const { return at_ == end_; }

private:
  const char* at_;
  const char* end_;
};

std::string_view without_blanks_at_end(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

bool all(std::string_view text, std::uint8_t what) {
  for (const char c : text)
    if (!is(c, what))
      return false;
  return !text.empty();
}

/// Takes in what a field says of the head as a whole. False for what is left to others.
bool heed(const field& f, request_head& head, bool& connection_told) {
  switch (f.id) {
  case http::field::host:
    if (!head.host.empty() || !all(f.value, in_authority))
      return false;
    head.host = f.value;
    return true;
  case http::field::content_length: {
    if (head.content_length || f.value.size() > 18 || !all(f.value, digit))
      return false;
    std::uint64_t length = 0;
    for (const char c : f.value)
      length = length * 10 + static_cast<std::uint64_t>(c - '0');
    head.content_length = length;
    return true;
  }
  case http::field::connection:
    if (connection_told)
      return false;
    connection_told = true;
    head.keep_alive = !iequals(f.value, "close");
    return !head.keep_alive || iequals(f.value, "keep-alive");
  case http::field::transfer_encoding:
  case http::field::expect:
  case http::field::upgrade:
  case http::field::te:
  case http::field::trailer:
  case http::field::proxy_connection:
    return false;
  default:
    return true;
  }
}

} // namespace

bool recognise_plain_head(std::string_view bytes, request_head& head) {
  cursor c(bytes);
  head.method_text = bytes.substr(0, 4);
  if (c.skip("POST ")) {
    head.method = http::verb::post;
  } else if (c.skip("GET ")) {
    head.method = http::verb::get;
    head.method_text = bytes.substr(0, 3);
  } else {
    return false;
  }
  head.target = c.take(in_target);
  if (!head.target.starts_with('/') || !c.skip(" HTTP/1.1\r\n"))
    return false;
  head.version = 11;
  bool connection_told = false;
  while (!c.skip("\r\n")) {
    field f;
    f.name = c.take(in_name);
    if (f.name.empty() || !c.skip(":") || head.fields.size() == request_parser::fields_most)
      return false;
    c.skip_blanks(); // a line that begins with one is a fold, and has no name
    f.value = without_blanks_at_end(c.take_value());
    if (f.value.empty() || !c.skip("\r\n"))
      return false;
    f.id = id_of(f.name);
    if (!heed(f, head, connection_told))
      return false;
    head.fields.push_back(f);
  }
  return c.at_end() && !head.host.empty();
}

} // namespace rollcall::net
