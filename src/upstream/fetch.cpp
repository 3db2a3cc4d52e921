#include "rollcall/upstream/fetch.hpp"

#include "rollcall/upstream/answer_reader.hpp"
#include "rollcall/upstream/shield.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rollcall::upstream {

namespace http = boost::beast::http;
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

std::string field_of(const answer_parser& head, http::field id) {
  const auto at = std::ranges::find(head.fields(), id, &net::field::id);
  return at == head.fields().end() ? std::string() : std::string(at->value);
}

fetched begun_with(const answer_parser& head, net::byte_budget* bytes) {
  fetched f{head.status(),
            field_of(head, http::field::content_type),
            field_of(head, http::field::content_encoding),
            {},
            net::held_bytes(bytes)};
  if (const auto length = head.content_length(); length && *length <= reserve_most)
    f.body.reserve(static_cast<std::size_t>(*length) + body_padding);
  return f;
}

// Adds what has come. True when the answer is whole.
std::expected<bool, failure> take(answer_reader& answer, link& from, std::optional<fetched>& to,
                                  net::byte_budget* bytes) {
  if (!to) {
    const auto head = answer.head(from);
    if (!head)
      return std::unexpected(head.error());
    if (!*head)
      return false;
    to = begun_with(**head, bytes);
  }
  for (;;) {
    const auto piece = answer.body(from);
    if (!piece)
      return std::unexpected(piece.error());
    if (piece->empty())
      return answer.is_done();
    to->body += *piece;
    to->held.hold(to->body.capacity());
  }
}

std::expected<unsigned, failure> outcome_of(const std::expected<fetched, failure>& result) {
  if (!result)
    return std::unexpected(result.error());
  return result->status;
}

struct attempt {
  std::expected<fetched, failure> result;
  bool untouched = false; // not a byte of an answer came
  bool reusable = false;  // the connection
};

net::task<attempt> ask(link& l, std::string_view text, net::byte_budget* bytes) {
  iovec whole{const_cast<char*>(text.data()), text.size()};
  if (co_await l.write({&whole, 1}))
    co_return attempt{std::unexpected(l.why()), true};
  answer_reader answer(false, fetch_most);
  std::optional<fetched> f;
  for (;;) {
    co_await l.readable();
    const auto come = answer.more(l);
    if (!come)
      co_return attempt{std::unexpected(come.error()), answer.is_untouched(l)};
    const auto is_whole = take(answer, l, f, bytes);
    if (!is_whole)
      co_return attempt{std::unexpected(is_whole.error())};
    if (*is_whole)
      break;
  }
  f->body.reserve(f->body.size() + body_padding);
  co_return attempt{.result = std::move(*f), .reusable = answer.may_reuse()};
}

// Without a word, and it was not us who hung up.
bool is_unanswered(const attempt& a, const link& l) {
  return !a.result && a.result.error() == failure::closed && a.untouched && l.is_open();
}

} // namespace

net::task<std::expected<fetched, failure>> fetch(pool& from, fetch_request request, std::chrono::milliseconds timeout,
                                                 pass* allowed) {
  if (!from.takes_calls()) {
    from.call_refused();
    co_return std::unexpected(failure::ejected);
  }
  from.call_began();
  const auto began = steady_clock::now();
  const auto deadline = began + timeout;
  const auto text = text_of(from.target(), request);
  for (bool fresh = false;; fresh = true) {
    auto taken = co_await from.take(fresh, deadline);
    if (!taken) {
      from.call_ended(began, std::unexpected(taken.error()));
      co_return std::unexpected(taken.error());
    }
    auto l = *taken;
    l->expires_at(deadline);
    if (allowed)
      allowed->sending();
    auto a = co_await ask(*l, text, request.bytes);
    const bool dead = !a.result && a.untouched && l->reused && !fresh && !l->overdue();
    if (is_unanswered(a, *l))
      a.result = std::unexpected(failure::unanswered);
    from.give_back(std::move(l), a.reusable);
    if (!dead || (allowed && !allowed->may_repeat())) {
      from.call_ended(began, outcome_of(a.result));
      co_return std::move(a.result);
    }
  }
}

} // namespace rollcall::upstream
