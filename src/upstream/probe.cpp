#include "rollcall/upstream/probe.hpp"

#include "rollcall/upstream/stream.hpp"

#include <fmt/format.h>

namespace rollcall::upstream {

namespace {

constexpr std::size_t body_most = std::size_t{1} << 20;

} // namespace

net::task<> probe(pool& to, std::string path, std::chrono::milliseconds pause) {
  stream s(to, pause, false);
  if (!s.open_now())
    if (const auto opened = co_await s.open(); !opened)
      co_return;
  const auto text =
      fmt::format("GET {}{} HTTP/1.1\r\nHost: {}\r\n\r\n", to.target().base_path, path, to.target().authority());
  if (const auto sent = co_await s.send(text); !sent)
    co_return;
  s.request_is_whole();
  if (const auto head = co_await s.receive_head(); !head)
    co_return;
  for (std::size_t size = 0; size < body_most;) {
    const auto piece = s.arrived();
    if (!piece || s.answer_is_through())
      co_return;
    size += piece->size();
    if (!piece->empty())
      continue;
    if (const auto come = co_await s.more(); !come)
      co_return;
  }
}

} // namespace rollcall::upstream
