#include "plain_head.hpp"

#include "rollcall/net/http_text.hpp"
#include "rollcall/net/plain_field.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

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

/// Whether the text is of such bytes alone, and not empty. Without branches, as it nearly always is.
bool all(std::string_view text, std::uint8_t what) {
  std::uint8_t common = what;
  for (const char c : text)
    common &= classes[static_cast<unsigned char>(c)];
  return common == what && !text.empty();
}

/// Sixteen bytes as two numbers.
struct word {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend constexpr bool operator==(const word&, const word&) = default;
};

constexpr word word_of(std::string_view name) {
  word w;
  for (std::size_t i = 0; i < name.size(); ++i)
    (i < 8 ? w.low : w.high) |= std::uint64_t{static_cast<unsigned char>(name[i])} << (i % 8 * 8);
  return w;
}

struct known_name {
  word name;
  std::size_t size;
  http::field id;
};

constexpr known_name known(std::string_view name, http::field id) {
  return {word_of(name), name.size(), id};
}

/// What bots' clients send, in the two spellings that they have, by how often they do.
constexpr std::array known_names{
    known("Host", http::field::host),
    known("Content-Length", http::field::content_length),
    known("Content-Type", http::field::content_type),
    known("Authorization", http::field::authorization),
    known("Accept", http::field::accept),
    known("Accept-Encoding", http::field::accept_encoding),
    known("User-Agent", http::field::user_agent),
    known("Connection", http::field::connection),
    known("host", http::field::host),
    known("connection", http::field::connection),
    known("content-type", http::field::content_type),
    known("authorization", http::field::authorization),
    known("accept", http::field::accept),
    known("accept-encoding", http::field::accept_encoding),
    known("accept-language", http::field::accept_language),
    known("user-agent", http::field::user_agent),
    known("content-length", http::field::content_length),
    known("Accept-Language", http::field::accept_language),
    known("Cache-Control", http::field::cache_control),
};

/// The known name that a colon ends here, of which there are sixteen bytes at least, or null.
const known_name* known_at(const char* at) {
  static_assert(std::endian::native == std::endian::little);
  word w;
  std::memcpy(&w.low, at, 8);
  std::memcpy(&w.high, at + 8, 8);
  // The lowest bit that this sets is that of the first colon; those above it may be false.
  const auto colons = [](std::uint64_t x) {
    constexpr std::uint64_t each = 0x0101010101010101;
    x ^= each * ':';
    return (x - each) & ~x & (each * 0x80);
  };
  const auto ones_below = [](std::uint64_t mark) { return ((mark & -mark) >> 7) - 1; };
  if (const auto low = colons(w.low); low != 0) {
    w.low &= ones_below(low);
    w.high = 0;
  } else if (const auto high = colons(w.high); high != 0) {
    w.high &= ones_below(high);
  } else {
    return nullptr;
  }
  for (const auto& known : known_names)
    if (known.name == w)
      return &known;
  return nullptr;
}

/// The lowest bit set is that of the first of eight bytes that is below 0x20 or 0x7f; those above it may be false. 0:
/// there is none.
std::uint64_t control_bytes(const char* eight) {
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
  /// A field's name, up to its colon, which is skipped. Empty for what is none.
  field take_name() {
    field f;
    if (end_ - at_ >= 16) {
      if (const auto* known = known_at(at_)) {
        f.id = known->id;
        f.name = {at_, known->size};
        at_ += known->size + 1;
        return f;
      }
    }
    f.name = take(in_name);
    if (!skip(":"))
      return {};
    f.id = http::string_to_field({f.name.data(), f.name.size()});
    return f;
  }
  /// What is before the next blank.
  std::string_view take_word() {
    const auto* const stop = static_cast<const char*>(std::memchr(at_, ' ', static_cast<std::size_t>(end_ - at_)));
    const char* const from = std::exchange(at_, stop ? stop : end_);
    return {from, static_cast<std::size_t>(at_ - from)};
  }
  /// What a field's value may hold, eight bytes at a time as long as they are all such.
  std::string_view take_value() {
    const char* const from = at_;
    while (end_ - at_ >= 8) {
      const auto found = control_bytes(at_);
      at_ += found == 0 ? 8 : std::countr_zero(found) / 8;
      if (found != 0 && !is(*at_, in_value))
        return {from, static_cast<std::size_t>(at_ - from)};
      if (found != 0)
        ++at_;
    }
    (void)take(in_value);
    return {from, static_cast<std::size_t>(at_ - from)};
  }
  void skip_blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t'))
      ++at_;
  }
  [[nodiscard]] const char* at() const { return at_; }
  [[nodiscard]] std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }

private:
  std::string_view take(std::uint8_t what) {
    const char* const from = at_;
    while (at_ != end_ && is(*at_, what))
      ++at_;
    return {from, static_cast<std::size_t>(at_ - from)};
  }

  const char* at_;
  const char* end_;
};

std::string_view without_blanks_at_end(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

// Inlined: every hit pays for it.
[[gnu::always_inline]] inline bool take_field(cursor& c, field& f) {
  f = c.take_name();
  if (f.name.empty())
    return false;
  c.skip_blanks(); // a line that begins with one is a fold, and has no name
  f.value = without_blanks_at_end(c.take_value());
  return !f.value.empty() && c.skip("\r\n");
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
    const auto length = plain_length(f.value);
    if (head.content_length || !length)
      return false;
    head.content_length = *length;
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

std::optional<std::uint64_t> plain_length(std::string_view value) {
  if (value.size() > 18 || !all(value, digit))
    return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : value)
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  return length;
}

bool take_plain_field(std::string_view& rest, field& f) {
  cursor c(rest);
  if (!take_field(c, f))
    return false;
  rest = c.rest();
  return true;
}

std::size_t recognise_plain_head(std::string_view bytes, request_head& head) {
  cursor c(bytes);
  head.method_text = bytes.substr(0, 4);
  if (c.skip("POST ")) {
    head.method = http::verb::post;
  } else if (c.skip("GET ")) {
    head.method = http::verb::get;
    head.method_text = bytes.substr(0, 3);
  } else {
    return 0;
  }
  head.target = c.take_word();
  if (!head.target.starts_with('/') || !all(head.target, in_target) || !c.skip(" HTTP/1.1\r\n"))
    return 0;
  head.version = 11;
  bool connection_told = false;
  while (!c.skip("\r\n")) {
    field f;
    if (head.fields.size() == request_parser::fields_most || !take_field(c, f) || !heed(f, head, connection_told))
      return 0;
    head.add(f);
  }
  return head.host.empty() ? 0 : static_cast<std::size_t>(c.at() - bytes.data());
}

} // namespace rollcall::net
