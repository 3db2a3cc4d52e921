#include "rollcall/upstream/fetch.hpp"

#include "response.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

namespace rollcall::upstream {

namespace http = boost::beast::http;
using net::error_code;
using net::steady_clock;

namespace {

// What is set aside on the word of a Content-Length alone.
constexpr std::size_t reserve_most = std::size_t{1} << 20;

std::string text_of(const instance& to, const fetch_request& r) {
  auto text = fmt::format("POST {}{} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n", to.base_path, r.path,
                          to.authority());
  if (r.credential)
    text += fmt::format("Authorization: {}\r\n", *r.credential);
  text += fmt::format("Content-Length: {}\r\n\r\n{}", r.body.size(), r.body);
  return text;
}

std::string field_of(const http::fields& fields, http::field name) {
  const auto at = fields.find(name);
  return at == fields.end() ? std::string() : std::string(at->value());
}

struct attempt {
  std::expected<fetched, failure> result;
  bool untouched = false; // not a byte of an answer came
};

net::task<attempt> ask(std::shared_ptr<link> l, std::string text, bool& reusable) {
  auto [ec, n] = co_await net::asio::async_write(l->socket, net::asio::buffer(text), net::no_throw);
  if (ec)
    co_return attempt{std::unexpected(failure_of(*l, ec)), true};
  for (bool begun = false;; begun = true) {
    http::response_parser<http::string_body> parser;
    parser.body_limit(fetch_most);
    parser.header_limit(response_head_most);
    std::tie(ec, n) = co_await http::async_read_header(l->socket, l->buffer, parser, net::no_throw);
    if (ec)
      co_return attempt{std::unexpected(failure_of(*l, ec)), !begun && !parser.got_some() && l->buffer.size() == 0};
    if (!head_is_sound(parser.get(), parser.chunked()))
      co_return attempt{std::unexpected(failure::malformed)};
    if (parser.get().result_int() / 100 == 1)
      continue; // an interim answer (RFC 9110 section 15.2): the final one follows
    if (const auto length = parser.content_length(); length && *length <= reserve_most)
      parser.get().body().reserve(static_cast<std::size_t>(*length) + body_padding);
    // Now, because Beast adds a trailer's fields to these, and a trailer must not say what the body was.
    fetched f{parser.get().result_int(),
              field_of(parser.get(), http::field::content_type),
              field_of(parser.get(), http::field::content_encoding),
              {}};
    std::tie(ec, n) = co_await http::async_read(l->socket, l->buffer, parser, net::no_throw);
    if (ec)
      co_return attempt{std::unexpected(failure_of(*l, ec))};
    reusable = parser.keep_alive();
    f.body = std::move(parser.get().body());
    f.body.reserve(f.body.size() + body_padding);
    co_return attempt{std::move(f)};
  }
}

} // namespace

net::task<std::expected<fetched, failure>> fetch(pool& from, fetch_request request, std::chrono::milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  const auto text = text_of(from.target(), request);
  for (bool fresh = false;; fresh = true) {
    auto taken = co_await from.take(fresh, deadline);
    if (!taken)
      co_return std::unexpected(taken.error());
    auto l = *taken;
    l->expires_at(deadline);
    bool reusable = false;
    auto a = co_await ask(l, text, reusable);
    const bool again = !a.result && a.untouched && l->reused && !fresh && !l->overdue();
    from.give_back(std::move(l), reusable);
    if (!again)
      co_return std::move(a.result);
  }
}

} // namespace rollcall::upstream
