#include "rollcall/upstream/answer_parser.hpp"

#include "rollcall/net/http_text.hpp"
#include "rollcall/net/plain_field.hpp"

#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace rollcall::upstream {

namespace http = boost::beast::http;

namespace {

std::string_view std_view(boost::beast::string_view s) {
  return {s.data(), s.size()};
}

// Whatever starts otherwise is not going to become an answer with more bytes.
bool may_become_answer(std::string_view bytes) {
  constexpr std::string_view start = "HTTP/1.";
  return bytes.substr(0, start.size()) == start.substr(0, bytes.size());
}

bool is_plain(char c) {
  return c >= ' ' && c <= '~';
}

failure failure_of(const boost::beast::error_code& ec) {
  return ec == http::error::body_limit ? failure::too_large : failure::malformed;
}

} // namespace

answer_parser::answer_parser(bool to_head, std::uint64_t body_most) : to_head_(to_head), body_most_(body_most) {
  header_limit(std::numeric_limits<std::uint32_t>::max()); // the head is bounded here
  body_limit(body_most);
  eager(false);
  skip(to_head);
  fields_.reserve(16);
}

// Beast gets a head in one piece: given it in several, it hands out fields of bytes that may move before the next.
std::expected<std::size_t, failure> answer_parser::take_head(std::string_view bytes) {
  const auto size = net::head_end(bytes, searched_);
  if (size == 0) {
    if (!may_become_answer(bytes) || bytes.size() >= answer_head_most)
      return std::unexpected(failure::malformed);
    searched_ = bytes.size() - std::min<std::size_t>(bytes.size(), 2);
    return 0;
  }
  if (size > answer_head_most)
    return std::unexpected(failure::malformed);
  head_ = bytes.substr(0, size);
  if (recognise_plain(head_))
    return size;
  fields_.clear();
  error_code ec;
  const auto used = put(boost::asio::buffer(head_.data(), size), ec);
  if (ec || used != size || !is_header_done() || !framing_is_sound())
    return std::unexpected(failure_of(ec));
  return size;
}

// A final answer in HTTP/1.1 with a body of a given length, on a connection that is kept; Beast would read it in the
// same way, at three times the cost. False for everything else, which says nothing against it.
bool answer_parser::recognise_plain(std::string_view head) {
  constexpr std::string_view version = "HTTP/1.1 ";
  const auto digit = [&](std::size_t at) { return static_cast<unsigned>(head[at] - '0'); };
  if (to_head_ || !head.starts_with(version) || head.size() < 15 || head[12] != ' ')
    return false;
  status_ = digit(9) * 100 + digit(10) * 10 + digit(11);
  const auto eol = head.find("\r\n", 13);
  reason_ = head.substr(13, eol - 13);
  if (digit(9) < 2 || digit(9) > 5 || digit(10) > 9 || digit(11) > 9 || status_ == 204 || status_ == 304 ||
      !std::ranges::all_of(reason_, is_plain))
    return false;
  bool length_told = false;
  for (auto rest = head.substr(eol + 2); rest != "\r\n";) {
    net::field f;
    if (!net::take_plain_field(rest, f) || !heed_plain(f, length_told))
      return false;
    fields_.push_back(f);
  }
  left_ = length_;
  return plain_ = length_told && length_ <= body_most_;
}

bool answer_parser::heed_plain(const net::field& f, bool& length_told) {
  switch (f.id) {
  case http::field::content_length: {
    const auto length = net::plain_length(f.value);
    length_ = length.value_or(0);
    return !std::exchange(length_told, true) && length;
  }
  case http::field::connection:
    return net::iequals(f.value, "keep-alive");
  case http::field::transfer_encoding:
  case http::field::upgrade:
  case http::field::proxy_connection:
    return false;
  default:
    return true;
  }
}

// Beast 1.81 accepts transfer codings that do not end in `chunked` and then believes a Content-Length, which is how an
// answer's rest becomes somebody else's answer. It also lets through repeated lengths, chunks in HTTP/1.0 (RFC 9112
// section 6.1), status codes below 100, and 101, to which nothing that we send can lead.
bool answer_parser::framing_is_sound() const {
  if (status_ < 100 || status_ == 101)
    return false;
  unsigned lengths = 0;
  unsigned codings = 0;
  for (const auto& f : fields_) {
    if (f.id == http::field::content_length) {
      if (++lengths > 1 || f.value.find(',') != std::string_view::npos)
        return false;
    } else if (f.id == http::field::transfer_encoding) {
      if (++codings > 1 || version_ < 11 || !chunked() || !net::iequals(f.value, "chunked"))
        return false;
    }
  }
  return true;
}

std::optional<std::uint64_t> answer_parser::content_length() const {
  if (plain_)
    return length_;
  const auto length = basic_parser::content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

std::expected<answer_parser::step, failure> answer_parser::take_body(std::string_view bytes) {
  if (plain_) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    left_ -= n;
    return step{n, bytes.substr(0, n)};
  }
  // A body of nothing but a last chunk takes five bytes; Beast asserts that it gets them at once.
  const bool too_few = chunked() && !chunk_seen_ && bytes.starts_with('0') && bytes.size() < 5;
  if (bytes.empty() || too_few || is_done())
    return step{};
  data_ = {};
  error_code ec;
  const auto used = put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec && ec != http::error::need_more)
    return std::unexpected(failure_of(ec));
  return step{used, data_};
}

bool answer_parser::take_end() {
  if (plain_ || !is_header_done() || !need_eof())
    return false;
  error_code ec;
  put_eof(ec);
  return !ec;
}

void answer_parser::on_response_impl(int status, text reason, int version, error_code&) {
  status_ = static_cast<unsigned>(status);
  reason_ = std_view(reason);
  version_ = version;
}

void answer_parser::on_field_impl(http::field id, text name, text value, error_code&) {
  if (is_header_done())
    return; // of a trailer
  auto v = std_view(value);
  // Beast puts a folded value together in a buffer of its own.
  if (!v.empty() && (v.data() < head_.data() || v.data() >= head_.data() + head_.size()))
    v = unfolded_.emplace_front(v);
  fields_.push_back({id, std_view(name), v});
}

std::size_t answer_parser::on_body_impl(text body, error_code&) {
  data_ = std_view(body);
  return body.size();
}

std::size_t answer_parser::on_chunk_body_impl(std::uint64_t, text body, error_code&) {
  data_ = std_view(body);
  return body.size();
}

} // namespace rollcall::upstream
