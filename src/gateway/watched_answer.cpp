// What passthrough does with the answer to a write that changes lists of members.
#include "rollcall/gateway/passthrough.hpp"

namespace rollcall::gateway {

struct passthrough::dropping {
  explicit dropping(const net::executor& ex) : over(ex) {}
  net::timer over;
  bool done = false;
  bool outrun = false; // the answer did not wait for it
};

// The last piece of a watched write's answer stays here, and its head when it is all there is, until what the write has
// changed is dropped; what comes before it passes.
net::task<bool> passthrough::relay_watched(passage& p) {
  auto& watch = *p.f.watch;
  std::string last;
  for (;;) {
    const auto piece = p.s->arrived();
    if (piece && !piece->empty()) {
      watch.answer_piece(*piece);
      p.t.add(last);
      if (!last.empty() && !co_await p.t.flush())
        co_return false;
      last.assign(*piece);
      continue;
    }
    if (piece && p.s->answer_is_through())
      break;
    if (!co_await p.t.flush())
      co_return false;
    if (!piece || !co_await p.s->more()) {
      lane_.stats.pass_failed.add();
      co_return false;
    }
  }
  watch.answer_is_whole();
  co_await settle(watch);
  p.t.add(last);
  co_return co_await p.t.flush();
}

// Here at once; in Redis within the time that a request may spend on it, or else in the background.
net::task<> passthrough::settle(write_watch& write) {
  if (write.settled())
    co_return;
  const auto dropped = write.dropped_by(changes_, answers_);
  if (!dropped)
    co_return;
  lane_.stats.purges_by_writes.add();
  const auto w = std::make_shared<dropping>(lane_.ex);
  w->over.expires_after(lane_.settings->redis_timeout);
  lane_.tasks.start(drop(*dropped, w), "dropping what a write has changed");
  if (!w->done)
    co_await w->over.async_wait(net::no_throw);
  if (w->done)
    co_return;
  w->outrun = true;
  lane_.shared.purges.outrun(*dropped);
}

net::task<> passthrough::drop(cache::scope s, std::shared_ptr<dropping> w) {
  const struct ending { // however it ends
    ~ending() {
      w.done = true;
      if (w.outrun)
        to.caught_up();
      w.over.cancel();
    }
    dropping& w;
    purges& to;
  } end{*w, lane_.shared.purges};
  co_await lane_.shared.purges.purge(std::move(s));
}

} // namespace rollcall::gateway
