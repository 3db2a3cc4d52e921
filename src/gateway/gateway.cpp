#include "rollcall/gateway/gateway.hpp"

#include "rollcall/gateway/instances.hpp"
#include "rollcall/gateway/trust.hpp"
#include "rollcall/net/listening.hpp"
#include "rollcall/ops/log.hpp"
#include "rollcall/ops/service_manager.hpp"
#include "rollcall/redis/cluster_roll.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace rollcall::gateway {

namespace {

std::optional<redis::deployment> redis_of(const ops::config& c) {
  if (c.redis.url.empty())
    return std::nullopt;
  auto server = redis::parse_deployment(c.redis.url);
  if (!server)
    throw ops::config_error("redis.url: " + server.error());
  if (server->server.tls)
    server->server.trust = trust_in(c.redis.ca, "redis.ca");
  return *server;
}

// As redis_of(), and with what all who connect share: the watch of a master behind Sentinels, the roll of a cluster's.
std::optional<redis::deployment> attend_redis(const net::executor& control, const ops::config& c) {
  auto d = redis_of(c);
  if (d && d->how == redis::deployment::form::sentinel)
    d->watch = std::make_shared<redis::master_watch>(control, *d);
  if (d && d->how == redis::deployment::form::cluster)
    d->roll = std::make_shared<redis::cluster_roll>();
  return d;
}

std::optional<forward_address> forward_of(const ops::config& c) {
  if (c.events.forward.empty())
    return std::nullopt;
  auto to = parse_forward_address(c.events.forward);
  if (!to)
    throw ops::config_error("events.forward: the URL " + to.error());
  return *to;
}

std::chrono::milliseconds purge_step_of(const ops::config& c) {
  return std::max(purges_options{}.step, c.redis.timeout);
}

purges_options purges_options_of(const ops::config& c, std::optional<redis::deployment> to) {
  purges_options o;
  o.redis = std::move(to);
  o.name_space = c.redis.name_space;
  o.step = purge_step_of(c);
  return o;
}

lane_options lane_options_of(const ops::config& c, std::optional<redis::deployment> to) {
  lane_options o;
  o.instances = instances_of(c);
  o.probes = true;
  o.redis = std::move(to);
  o.name_space = c.redis.name_space;
  return o;
}

std::vector<std::string> names_of(const ops::config& c) {
  std::vector<std::string> names;
  const auto all = instances_of(c);
  for (const auto& each : all->entries())
    names.push_back(each.where.to_string());
  return names;
}

upstream::shield_options shield_options_of(const ops::config& c) {
  const auto& u = c.upstream;
  upstream::shield_options o;
  o.admission.spacing = u.spacing;
  o.admission.jitter = u.spacing_jitter;
  o.admission.per_wid = u.per_wid;
  o.admission.concurrency = {.least = u.concurrency_least, .most = u.concurrency};
  o.retries = u.retries;
  return o;
}

// Nobody ever cancels a thread of ours. Up to 2.36, glibc allows for it all the same, with two atomic exchanges around
// every recv, send and epoll_wait of a process that has threads; not where the type is asynchronous already.
void forgo_cancellation() {
  int before = 0;
  ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  ::pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
}

using sockets = std::vector<net::descriptor>;

// Whether only one of them can listen. (Whether [::] has the addresses of IPv4 as well is up to the system.)
bool collide(const ops::listen_address& a, const ops::listen_address& b) {
  const bool six = a.host.contains(':');
  const std::string_view all = six ? "::" : "0.0.0.0";
  return a.port != 0 && a.port == b.port && six == b.host.contains(':') &&
         (a.host == b.host || a.host == all || b.host == all);
}

net::descriptor open_port(std::string_view key, const ops::listen_address& at,
                          net::port_use use = net::port_use::claim) {
  try {
    return net::open_port(at.host, at.port, use);
  } catch (const boost::system::system_error& e) {
    throw ops::config_error(fmt::format("{}: cannot listen on {}: {}", key, at.to_string(), e.code().message()));
  }
}

// For each lane at least one, and all that are there already: what the kernel has queued at one that is closed is lost.
std::vector<sockets> open_ports(const ops::config& c, std::size_t lanes, sockets taken) {
  auto at = c.server.listen;
  std::vector<sockets> ports(lanes);
  for (std::size_t i = 0; i < taken.size(); ++i)
    ports[i % lanes].push_back(std::move(taken[i]));
  if (taken.empty())
    ports.front().push_back(open_port("server.listen", at));
  at.port = net::port_of(ports.front().front().get()); // when it was 0, the others share what the first got
  for (auto& each : ports)
    if (each.empty())
      each.push_back(open_port("server.listen", at, net::port_use::join));
  return ports;
}

sockets open_admin(const ops::config& c, predecessor* before) {
  sockets one;
  one.push_back(before && before->admin.is_open() ? std::move(before->admin)
                                                  : open_port("admin.listen", c.admin.listen));
  return one;
}

std::size_t thread_count(const ops::config& c) {
  return c.server.threads > 0 ? c.server.threads : std::max(1U, std::thread::hardware_concurrency());
}

} // namespace

void check(const ops::config& c) {
  if (collide(c.server.listen, c.admin.listen))
    throw ops::config_error(fmt::format("admin.listen: {} is the port of server.listen, too; each needs one of its own",
                                        c.admin.listen.to_string()));
  lane_options_of(c, redis_of(c));
  forward_of(c);
}

gateway::gateway(const ops::config& c, predecessor* before)
    : config_(c), redis_(attend_redis(control_.get_executor(), c)), lists_(c.cache.memory),
      purges_(control_.get_executor(), lists_, purges_options_of(c, redis_)),
      events_(control_.get_executor(), edges_, lists_, purges_), bytes_(c.server.max_buffered),
      shield_(names_of(c), shield_options_of(c)),
      house_{.lists = lists_, .purges = purges_, .shield = shield_, .gzip = gzip_, .load = load_},
      quota_(c.server.max_connections), status_{.lists = lists_,
                                                .dropping = purges_,
                                                .callbacks = events_,
                                                .under_load = load_,
                                                .buffered = bytes_,
                                                .lanes = lanes_,
                                                .shield = shield_,
                                                .redis = {}},
      admin_(control_.get_executor(), status_, metrics_, purges_, events_),
      admin_listener_(control_.get_executor(), open_admin(c, before), edges_, admin_, net::limits{}, admin_quota_,
                      admin_bytes_),
      hand_over_(control_.get_executor(), [this](pid_t by) { replaced(by); }), last_look_(control_.get_executor()) {
  if (redis_) {
    coherence_.emplace(lists_, [this](const cache::scope& s) { purges_.heard(s); });
    tracking_ = std::make_unique<redis::tracking>(control_.get_executor(), *redis_, c.redis.name_space, *coherence_);
    status_.tracking = tracking_.get();
  }
  if (redis_ && redis_->watch) {
    redis_->watch->before_switch([this] { purges_.master_changed(); });
    status_.master = redis_->watch.get();
  }
  if (redis_ && redis_->roll)
    redis_->roll->before_change([this] { purges_.master_changed(); });
  events_.forward_to(forward_of(c), c.upstream.timeout);
  const auto first = settings_of(c);
  auto options = lane_options_of(c, redis_);
  status_.redis = options.redis ? options.redis->to_string() : std::string();
  for (auto& ports : open_ports(c, thread_count(c), before ? std::move(before->bots) : sockets())) {
    lanes_.push_back(std::make_unique<lane>(house_, first, options, std::move(ports), quota_, bytes_));
    options.probes = false; // one is enough
  }
  register_metrics(metrics_, status_);
  edges_.start();
  admin_listener_.start();
  if (redis_ && redis_->watch)
    redis_->watch->start();
  purges_.start();
  if (tracking_)
    tracking_->start();
  limit(c);
  wait_to_be_replaced();
  try {
    start_threads();
  } catch (...) { // the system has no room for one: those before it would run, and be waited for, for ever
    cut_off();
    throw;
  }
}

gateway::~gateway() {
  cut_off();
}

void gateway::start_threads() {
  running_ = lanes_.size();
  for (auto& each : lanes_)
    threads_.emplace_back([this, l = each.get()] {
      forgo_cancellation();
      l->run();
      net::asio::post(control_, [this] { lane_ended(); });
    });
}

// Ends the threads of which run() does not see the end.
void gateway::cut_off() {
  if (threads_.empty())
    return;
  for (auto& l : lanes_)
    l->drain(), l->drain();
  threads_.clear();
}

void gateway::run() {
  control_.run();
  threads_.clear();
}

void gateway::reload(const std::function<ops::config()>& read) {
  auto& told = status_.configuration;
  ops::tell_service_manager(ops::reloading());
  try {
    const auto wanted = read();
    check(wanted);
    auto next = config_;
    const auto changed = ops::take_over(next, wanted);
    check(next);
    adopt(next);
    told.taken(changed);
  } catch (const ops::config_error& e) {
    told.refused(e.what());
  }
  ops::tell_service_manager("READY=1\nSTATUS=" + (told.error.empty() ? "" : "configuration refused: " + told.error));
}

// Nothing of it can fail, or half of it might be in force.
void gateway::adopt(const ops::config& next) {
  config_ = next;
  ops::set_log_level(next.log.level);
  limit(next);
  purges_.change_step(purge_step_of(next));
  events_.forward_to(forward_of(next), next.upstream.timeout);
  const auto s = settings_of(next);
  for (auto& l : lanes_)
    l->change(s);
}

} // namespace rollcall::gateway
