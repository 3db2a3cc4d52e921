// The worker's other half: questions out, answers in.
#include "load/clock.hpp"
#include "load/questions.hpp"
#include "load/worker.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

namespace rollcall::load {
namespace {

constexpr std::int64_t sweep_every = 50 * one_millisecond;
constexpr std::int64_t retry_after = 20 * one_millisecond;
constexpr std::size_t most_connecting = 128; // a listener's backlog is no bigger on many a system

} // namespace

void worker::poll(std::int64_t until) {
  std::array<epoll_event, 256> events;
  const auto left = std::max<std::int64_t>(until - now_ns(), 0);
  const timespec limit{left / one_second, left % one_second};
  const int count = ::epoll_pwait2(set_.get(), events.data(), static_cast<int>(events.size()), &limit, nullptr);
  if (count < 0 && errno != EINTR) {
    herding::fail("epoll_pwait2");
  }
  for (int i = 0; i < count; ++i) {
    const auto& e = events[static_cast<std::size_t>(i)];
    on_event(*static_cast<connection*>(e.data.ptr), e.events);
  }
}

void worker::on_event(connection& c, std::uint32_t events) {
  if (c.now() == connection::state::connecting) {
    --connecting_;
    const auto now = now_ns();
    if (!c.finish_connecting()) {
      lose(c, &failures::connect, now);
      return;
    }
    on_free(c, now);
  } else if (c.now() == connection::state::open && (events & EPOLLOUT) != 0) {
    c.write_rest();
  }
  if (c.now() == connection::state::open && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    on_bytes(c, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }
}

/// Edge-triggered: reads until nothing is left, and after the peer's last words until the end.
void worker::on_bytes(connection& c, bool hung_up) {
  for (bool more = true; more && c.now() == connection::state::open;) {
    const auto got = c.read(buffer_);
    if (got.ended) {
      lose(c, &failures::closed, now_ns());
      return;
    }
    more = !got.drained || (hung_up && got.any);
    if (got.bytes.empty()) {
      continue;
    }
    auto rest = got.bytes;
    std::size_t needed = 0;
    bool broken = false;
    while (!rest.empty() && c.now() == connection::state::open) {
      const auto taken = take_answer(c, rest, needed, broken);
      if (taken == 0) {
        break;
      }
      rest.remove_prefix(taken);
    }
    const auto now = now_ns();
    if (broken) {
      lose(c, &failures::protocol, now);
      return;
    }
    if (c.now() == connection::state::open) {
      c.keep(rest, needed);
    } else if (c.of_herd || !plan_.reconnect) { // the peer said that it would close
      connect(c, now);
    }
    on_free(c, now);
  }
}

/// The size of the answer at the beginning of `bytes`, which was counted; 0 when it is not whole.
std::size_t worker::take_answer(connection& c, std::string_view bytes, std::size_t& needed, bool& broken) {
  answer_head head;
  auto state = c.waiting() == 0 ? progress::broken : read_head(bytes, head);
  auto size = head.size + head.body;
  auto body = bytes.substr(std::min(head.size, bytes.size()), head.body);
  if (state == progress::whole && head.chunked) {
    std::size_t taken = 0;
    state = read_chunked(bytes.substr(head.size), decoded_, taken);
    size = head.size + taken;
    body = decoded_;
  } else if (state == progress::whole && bytes.size() < size) {
    state = progress::partial;
    needed = size;
  }
  broken = state == progress::broken;
  if (state != progress::whole) {
    return 0;
  }
  counted_.bytes_in += size;
  --waiting_;
  count(c.pop(), head, body, now_ns());
  if (head.close || (plan_.reconnect && !c.of_herd)) {
    if (c.waiting() > 0) {
      lose(c, &failures::closed, now_ns());
    }
    c.close();
  }
  return size;
}

void worker::count(const asked& q, const answer_head& head, std::string_view body, std::int64_t now) {
  const bool counted = counts(q.intended);
  if (head.status != 200) {
    if (counted) {
      ++counted_.failed.status[head.status];
      ++moment_of(q.intended).errors;
    }
    return;
  }
  const auto found = plan_.verify || q.what == asked::kind::write ? judge_.look(q, head, body) : verdict::right;
  counted_.wrong += found == verdict::right ? 0 : 1;
  counted_.outdated += found == verdict::outdated ? 1 : 0;
  if (q.what == asked::kind::write && found == verdict::right) {
    todo_.changes->confirm(q.question, now);
  }
  if (!counted) {
    return;
  }
  auto& latency = q.what == asked::kind::list    ? counted_.latency
                  : q.what == asked::kind::write ? counted_.writes
                                                 : counted_.herds;
  const auto took = now - q.intended;
  latency.record(took);
  const bool list_from_store = head.hit && q.what == asked::kind::list;
  if (list_from_store) {
    counted_.hit_latency.record(took);
  }
  ++counted_.requests;
  moment_of(q.intended)
      .add({.requests = 1,
            .wrong = found == verdict::right ? 0U : 1U,
            .worst = took,
            .worst_hit = list_from_store ? took : 0});
  ++counted_.hits[static_cast<std::size_t>(head.cache)];
}

void worker::ask(connection& c, asked q, std::string_view path, std::string_view token, std::string_view body) {
  const auto before = scratch_.size();
  todo_.requests.append(scratch_, c.target(),
                        path.empty() ? todo_.questions.at(q.question)
                                     : question{.path = path, .token = token, .body = body});
  counted_.bytes_out += scratch_.size() - before;
  c.push(q);
  ++waiting_;
}

void worker::flush(connection& c, std::int64_t now) {
  if (scratch_.empty()) {
    return;
  }
  c.write(scratch_);
  scratch_.clear();
  if (c.now() == connection::state::closed) {
    connect(c, now);
  }
}

void worker::connect(connection& c, std::int64_t now) {
  if (!c.connect(todo_.targets[c.target()], now)) {
    lose(c, &failures::connect, now);
    return;
  }
  ++connecting_;
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  wanted.data.ptr = &c;
  if (::epoll_ctl(set_.get(), EPOLL_CTL_ADD, c.socket().get(), &wanted) != 0) {
    herding::fail("epoll_ctl");
  }
}

bool worker::can_take(const connection& c) const {
  const auto usable = plan_.reconnect ? connection::state::closed : connection::state::open;
  return c.now() == usable && !c.full();
}

/// It may have room for a question now.
void worker::on_free(connection& c, std::int64_t now) {
  if (c.of_herd || !can_take(c) || (c.now() == connection::state::closed && c.retry_at > now)) {
    return;
  }
  if (!pace_) {
    fill(c, now);
  } else if (!c.queued) {
    c.queued = true;
    free_.push_back(&c);
  }
}

/// Ends the connection, and with it what it was asked.
void worker::lose(connection& c, std::uint64_t failures::* why, std::int64_t now) {
  if (c.now() == connection::state::connecting && why != &failures::connect) {
    --connecting_;
  }
  std::uint64_t lost = 0;
  for (waiting_ -= c.waiting(); c.waiting() > 0;) {
    if (const auto intended = c.pop().intended; counts(intended)) {
      ++lost;
      ++moment_of(intended).errors;
    }
  }
  // A connection that nobody asked anything on may end; one that cannot be had is a failure by itself.
  if (why == &failures::connect && lost == 0 && counts(now)) {
    lost = 1;
    ++moment_of(now).errors;
  }
  counted_.failed.*why += lost;
  c.close();
  c.retry_at = why == &failures::closed && lost == 0 ? 0 : now + retry_after;
}

void worker::sweep(std::int64_t now) {
  if (now < next_sweep_) {
    return;
  }
  next_sweep_ = now + sweep_every;
  const auto patience = std::chrono::nanoseconds(plan_.timeout).count();
  for (auto& c : connections_) {
    if (c.now() == connection::state::connecting && now - c.connecting_since() > patience) {
      --connecting_;
      lose(c, &failures::connect, now);
    } else if (c.waiting() > 0 && now - c.oldest().sent > patience) {
      lose(c, &failures::timeout, now);
    } else if (c.now() == connection::state::closed && c.retry_at <= now) {
      if (plan_.reconnect && !c.of_herd) {
        on_free(c, now);
      } else if (connecting_ < most_connecting) {
        connect(c, now);
      }
    }
  }
  if (connecting_ >= most_connecting) {
    next_sweep_ = now; // more wait for their turn
  }
}

moment& worker::moment_of(std::int64_t intended) {
  return moments_.at(intended - orders_.begin.load(std::memory_order_relaxed));
}

bool worker::counts(std::int64_t intended) const {
  return intended >= orders_.begin.load(std::memory_order_relaxed) &&
         intended < orders_.end.load(std::memory_order_relaxed);
}

} // namespace rollcall::load
