#include "proxy/pipe.hpp"

#include <algorithm>
#include <utility>

namespace rollcall::proxy {

void pipe::add(piece p) {
  last_due_ = p.due = std::max(p.due, last_due_);
  bytes_ += p.bytes.size();
  pieces_.push_back(std::move(p));
  filled_.cancel();
}

net::task<> pipe::wait(net::timer& news) {
  news.expires_at(net::steady_clock::time_point::max());
  co_await news.async_wait(net::no_throw);
}

net::task<> pipe::room() {
  while (!closed_ && bytes_ >= most) {
    co_await wait(emptied_);
  }
}

net::task<pipe::piece> pipe::next() {
  while (!closed_ && pieces_.empty()) {
    co_await wait(filled_);
  }
  while (!closed_ && pieces_.front().due > net::steady_clock::now()) {
    filled_.expires_at(pieces_.front().due); // news of others, which come later, is none
    co_await filled_.async_wait(net::no_throw);
  }
  if (closed_) {
    co_return piece{.what = piece::kind::reset, .bytes = {}};
  }
  auto first = std::move(pieces_.front());
  pieces_.pop_front();
  bytes_ -= first.bytes.size();
  emptied_.cancel();
  co_return first;
}

void pipe::close() {
  closed_ = true;
  filled_.cancel();
  emptied_.cancel();
}

} // namespace rollcall::proxy
