#include "strict_parser.hpp"

#include "rollcall/net/http_text.hpp"

#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <limits>

namespace rollcall::net {

namespace beast = boost::beast;

namespace {

std::string_view std_view(beast::string_view s) {
  return {s.data(), s.size()};
}

// HTAB is the one control byte that a field value may hold (RFC 9110 section 5.5).
bool is_control_byte(char c) {
  const auto b = static_cast<unsigned char>(c);
  return (b < 0x20 && b != '\t') || b == 0x7f;
}

// What a refused head is called: Beast sees every control byte, but does not say that it was one. Stray CR and LF are
// simply malformed, as lines are made of them.
framing_error diagnose(std::string_view head) {
  const bool stray = std::ranges::any_of(head, [](char c) { return is_control_byte(c) && c != '\r' && c != '\n'; });
  return stray ? framing_error::control_byte : framing_error::malformed;
}

// Beast looks for the end of a quoted value beyond the line that it is in, and would wait for it.
bool ends_within_quotes(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"')
      quoted = !quoted;
    else if (quoted && line[i] == '\\')
      ++i;
  }
  return quoted;
}

// The line that announces the next chunk; the CRLF before it belongs to the last one. Empty while it is not whole.
std::string_view chunk_line(std::string_view bytes) {
  if (bytes.starts_with("\r\n"))
    bytes.remove_prefix(2);
  const auto end = bytes.find("\r\n");
  return end == std::string_view::npos ? std::string_view{} : bytes.substr(0, end);
}

bool is_decimal(std::string_view text) {
  return !text.empty() && text.size() <= 19 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// uri-host [":" port] of RFC 9110 section 7.2, loosely: what matters is that nothing in it can end the host early.
bool is_authority(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    const auto b = static_cast<unsigned char>(c);
    return b > 0x20 && b < 0x7f && std::string_view("/\\?#@\"<>^`{|},").find(c) == std::string_view::npos;
  });
}

// Beast stops at the first error; ours is told apart by `refused_`.
const beast::error_code refusal = make_error_code(http::error::bad_value);

} // namespace

strict_parser::strict_parser(request_head& head) : head_(head) {
  header_limit(std::numeric_limits<std::uint32_t>::max()); // the reader bounds the head
  body_limit(boost::none);
  eager(false);
}

std::expected<void, framing_error> strict_parser::parse_head(std::string_view bytes) {
  bytes_ = bytes;
  error_code ec;
  const auto used = put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (refused_ != framing_error{})
    return std::unexpected(refused_);
  if (ec == http::error::bad_content_length || ec == http::error::multiple_content_length)
    return std::unexpected(codings_ > 0 ? framing_error::ambiguous_length : framing_error::bad_content_length);
  if (ec == http::error::bad_transfer_encoding)
    return std::unexpected(lengths_ > 0 ? framing_error::ambiguous_length : framing_error::coding_unsupported);
  if (ec || used != bytes.size() || !is_header_done())
    return std::unexpected(diagnose(bytes));
  head_.keep_alive = keep_alive();
  in_trailer_ = true;
  if (auto sound = check_framing(); !sound)
    return sound;
  return check_host_and_target();
}

std::expected<void, framing_error> strict_parser::check_framing() {
  if (head_.method == http::verb::connect)
    return std::unexpected(framing_error::method_unsupported);
  if (codings_ > 0) {
    if (head_.version < 11 || lengths_ > 0)
      return std::unexpected(framing_error::ambiguous_length);
    if (codings_ > 1 || !coding_is_chunked_ || !chunked())
      return std::unexpected(framing_error::coding_unsupported);
    head_.chunked = true;
  }
  if (lengths_ > 0) {
    head_.content_length = content_length();
    if (!head_.content_length)
      return std::unexpected(framing_error::bad_content_length);
  }
  return {};
}

std::expected<void, framing_error> strict_parser::check_host_and_target() {
  if (hosts_ > 1 || (hosts_ == 0 && head_.version >= 11) || (hosts_ == 1 && !is_authority(head_.host)))
    return std::unexpected(framing_error::bad_host);
  auto& target = head_.target;
  if (target.find('#') != std::string_view::npos)
    return std::unexpected(framing_error::bad_target);
  if (target == "*")
    return head_.method == http::verb::options ? std::expected<void, framing_error>{}
                                               : std::unexpected(framing_error::bad_target);
  if (target.starts_with('/'))
    return {};
  // absolute-form: every server must take it (RFC 9112 section 3.2.2), but only this host's is ours to answer.
  constexpr std::string_view scheme = "http://";
  if (!iequals(target.substr(0, scheme.size()), scheme) || hosts_ == 0)
    return std::unexpected(framing_error::bad_target);
  const auto rest = target.substr(scheme.size());
  const auto authority = rest.substr(0, rest.find_first_of("/?"));
  if (!iequals(authority, head_.host))
    return std::unexpected(framing_error::bad_target);
  const auto path = rest.substr(authority.size());
  if (path.starts_with('?'))
    return std::unexpected(framing_error::bad_target);
  target = path.empty() ? std::string_view("/") : path;
  return {};
}

void strict_parser::on_request_impl(http::verb method, string_view text, string_view target, int version, error_code&) {
  head_.method = method;
  head_.method_text = std_view(text);
  head_.target = std_view(target);
  head_.version = version;
}

void strict_parser::on_field_impl(http::field id, string_view name, string_view value, error_code& ec) {
  if (in_trailer_)
    return;
  const field f{id, std_view(name), std_view(value)};
  if (is_folded(f))
    refused_ = framing_error::folded_field;
  else if (head_.fields.size() == request_parser::fields_most)
    refused_ = framing_error::head_too_large;
  else
    note_field(f);
  if (refused_ != framing_error{})
    ec = refusal;
}

bool strict_parser::is_folded(const field& f) const {
  // Beast unfolds a value into a buffer of its own, or starts it behind the fold when its first line is empty.
  const char* const name_end = f.name.data() + f.name.size();
  const char* const end = bytes_.data() + bytes_.size();
  const bool in_place = f.value.data() >= name_end && f.value.data() <= end;
  return !in_place || std::find(name_end, f.value.data(), '\n') != f.value.data();
}

void strict_parser::note_field(const field& f) {
  switch (f.id) {
  case http::field::host:
    ++hosts_;
    head_.host = f.value;
    break;
  case http::field::content_length:
    ++lengths_;
    if (lengths_ > 1 || !is_decimal(f.value))
      refused_ = codings_ > 0 ? framing_error::ambiguous_length : framing_error::bad_content_length;
    break;
  case http::field::transfer_encoding:
    ++codings_;
    coding_is_chunked_ = iequals(f.value, "chunked");
    break;
  case http::field::expect:
    head_.expects_continue = iequals(f.value, "100-continue");
    break;
  default:
    break;
  }
  head_.add(f);
}

void strict_parser::on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& ec) {
  chunk_seen_ = true;
  if (std::ranges::any_of(std_view(extensions), is_control_byte))
    refused_ = framing_error::bad_chunk;
  else if (size > chunk_most_)
    refused_ = framing_error::body_too_large;
  if (refused_ != framing_error{})
    ec = refusal;
}

std::size_t strict_parser::on_chunk_body_impl(std::uint64_t, string_view body, error_code&) {
  data_ = std_view(body);
  return body.size();
}

std::expected<request_parser::step, framing_error> strict_parser::parse_chunked(std::string_view bytes,
                                                                                std::uint64_t most) {
  request_parser::step s;
  // A body of nothing but a last chunk takes five bytes; Beast asserts that it gets them at once.
  if (!chunk_seen_ && bytes.starts_with('0') && bytes.size() < 5) {
    s.need_more = true;
    return s;
  }
  data_ = {};
  chunk_most_ = most;
  error_code ec;
  if (!bytes.empty())
    s.consumed = put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (refused_ != framing_error{})
    return std::unexpected(refused_);
  s.need_more = bytes.empty() || ec == http::error::need_more;
  if ((ec && !s.need_more) || (s.need_more && ends_within_quotes(chunk_line(bytes))))
    return std::unexpected(framing_error::bad_chunk);
  s.data = data_;
  s.done = is_done();
  return s;
}

} // namespace rollcall::net
