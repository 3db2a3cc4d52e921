#include "rollcall/gateway/lane.hpp"

#include "rollcall/upstream/probe.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace rollcall::gateway {

namespace {

constexpr std::chrono::milliseconds drain_poll{10};

std::unique_ptr<redis::client> make_link(net::executor ex, const house& shared, const settings& first,
                                         const lane_options& o) {
  if (!o.redis)
    return nullptr;
  redis::connection_options options;
  options.patience = first.redis_timeout;
  options.probe_key = o.name_space + ":probe";
  options.lost = [&waits = shared.lists.waits] { waits.wake_all(); };
  return redis::make_client(ex, *o.redis, options);
}

upstream::pool_options pool_options_of(const settings& s) {
  return {.connect_timeout = s.connect_timeout, .dns_ttl = s.dns_ttl};
}

// Of each lane's own, so that threads do not count owners in one place.
settings_ptr copy_of(const settings& s) {
  return std::make_shared<const settings>(s);
}

} // namespace

lane::lane(const house& shared, const settings& first, const lane_options& options, std::vector<net::descriptor> ports,
           net::connection_quota& quota, net::byte_budget& bytes)
    : work_(io_.get_executor()), edges_(io_.get_executor()),
      link_(make_link(io_.get_executor(), shared, first, options)),
      store_(link_ ? std::make_unique<redis::store>(*link_, options.name_space) : nullptr),
      upstreams_(io_.get_executor(), edges_, options.instances, pool_options_of(first)),
      tasks_(io_.get_executor(), stats_.background), context_{.shared = shared,
                                                              .settings = copy_of(first),
                                                              .ex = io_.get_executor(),
                                                              .upstreams = upstreams_,
                                                              .store = store_.get(),
                                                              .tasks = tasks_,
                                                              .stats = stats_},
      router_(context_), listener_(io_.get_executor(), std::move(ports), edges_, router_, first.clients, quota, bytes),
      drain_watch_(io_.get_executor()), probe_watch_(io_.get_executor()),
      probing_(options.probes ? upstreams_.all().size() : 0) {}

lane::~lane() = default;

void lane::run() {
  edges_.start();
  if (link_)
    link_->start();
  listener_.start();
  if (!probing_.empty())
    probe_later();
  for (;;) {
    try {
      io_.run();
      return;
    } catch (const std::exception& e) {
      // Nothing below is meant to throw through the loop; if it does, one connection is lost and not the process.
      spdlog::error("an event handler failed: {}", e.what());
    }
  }
}

void lane::change(const settings& next) {
  net::asio::post(io_, [this, s = copy_of(next)]() mutable { adopt(std::move(s)); });
}

void lane::adopt(settings_ptr next) {
  upstreams_.change(pool_options_of(*next));
  listener_.change(next->clients);
  context_.settings = std::move(next);
}

void lane::drain(net::leaving how) {
  net::asio::post(io_, [this, how] { begin_drain(how); });
}

void lane::begin_drain(net::leaving how) {
  if (draining_) {
    cut_off_ = net::steady_clock::now();
    return;
  }
  draining_ = true;
  probe_watch_.cancel();
  cut_off_ = net::steady_clock::now() + context_.settings->drain_timeout;
  listener_.drain(how);
  watch_drain_later(); // not at once: a connection may be accepted and not yet admitted
}

// Polls, because what it waits for is spread over sessions and tasks, and a drain happens once.
void lane::watch_drain() {
  if (listener_.drained() && tasks_.idle())
    return leave();
  if (net::steady_clock::now() >= cut_off_) {
    spdlog::warn("cutting off {} connections and {} tasks that did not end in time", listener_.stats().open.get(),
                 stats_.background.get());
    return leave();
  }
  watch_drain_later();
}

void lane::watch_drain_later() {
  drain_watch_.expires_after(drain_poll);
  drain_watch_.async_wait([this](net::error_code cancelled) {
    if (!cancelled)
      watch_drain();
  });
}

// Of the ejected ones, those that are not being probed already.
void lane::probe_later() {
  probe_watch_.expires_after(context_.settings->probe_interval);
  probe_watch_.async_wait([this](net::error_code cancelled) {
    if (cancelled || draining_)
      return;
    for (std::size_t i = 0; !context_.settings->probe.empty() && i < probing_.size(); ++i)
      if (upstreams_.all()[i]->condition()->is_ejected() && !probing_[i])
        tasks_.start(probe(i), "probing an instance");
    probe_later();
  });
}

net::task<> lane::probe(std::size_t which) {
  const struct mark {
    explicit mark(std::vector<bool>::reference of) : on(of) { on = true; }
    ~mark() { on = false; }
    std::vector<bool>::reference on;
  } under_way(probing_[which]);
  const auto s = context_.settings;
  co_await upstream::probe(*upstreams_.all()[which], s->probe, s->probe_interval);
}

// Everything that a task may wait for ends here, so that what is left unwinds and io_.run() returns.
void lane::leave() {
  listener_.stop();
  router_.stop();
  context_.shared.shield.abandon(io_.get_executor());
  upstreams_.stop();
  edges_.stop();
  if (link_)
    link_->stop();
  work_.reset();
}

const redis::connection_stats* lane::redis_stats() const noexcept {
  return link_ ? &link_->stats() : nullptr;
}
const redis::store_stats* lane::store_stats() const noexcept {
  return store_ ? &store_->stats() : nullptr;
}

} // namespace rollcall::gateway
