#include "cluster_tracking.hpp"

#include "rollcall/redis/cluster_roll.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace rollcall::redis {

/// One master's tracking, and what it hears.
class cluster_tracking::part final : public observer {
public:
  part(cluster_tracking& whole, host_port master)
      : whole_(whole), who_(std::move(master)),
        link_(whole.where(), whole.endpoint_of(who_), whole.name_space_, *this, whole.options_, whole.stats_) {
    link_.start();
  }

  void stop() { link_.stop(); }

  [[nodiscard]] const host_port& who() const noexcept { return who_; }
  [[nodiscard]] bool up() const noexcept { return up_; }
  [[nodiscard]] tracked_server state() const { return {whole_.endpoint_of(who_).to_string(), up_}; }

private:
  void tracking_up() override {
    up_ = true;
    whole_.judge();
  }
  void tracking_down() override {
    up_ = false;
    whole_.judge();
    whole_.look(); // somebody else may have its slots soon
  }
  void value_changed(const cache::identity& id) override { whole_.told_.value_changed(id); }
  void lease_changed(const cache::identity& id) override { whole_.told_.lease_changed(id); }
  void purged(const cache::scope& s) override { whole_.told_.purged(s); }
  void everything_changed() override { whole_.told_.everything_changed(); }

  cluster_tracking& whole_;
  host_port who_;
  bool up_ = false;
  tracking link_;
};

cluster_tracking::cluster_tracking(const net::executor& where, const deployment& at, std::string name_space,
                                   observer& told, tracking_options options)
    : cluster_watch(where, at, fmt::format("redis {}: tracking", at.to_string()), {.period = period}),
      name_space_(std::move(name_space)), told_(told), options_(options) {}

cluster_tracking::~cluster_tracking() = default;

void cluster_tracking::open() {
  if (at().roll) {
    const auto self = std::static_pointer_cast<cluster_tracking>(shared_from_this());
    at().roll->attend([where = where(), weak = std::weak_ptr(self)] {
      net::asio::post(where, [weak] {
        if (const auto alive = weak.lock()) {
          alive->look();
        }
      });
    });
  }
  start();
}

void cluster_tracking::close() {
  if (at().roll) {
    at().roll->attend({});
  }
  stop();
  for (const auto& p : parts_) { // which are not destroyed: one of them may be telling something
    p->stop();
  }
  if (std::exchange(whole_, false)) {
    stats_->up.subtract();
  }
}

std::vector<tracked_server> cluster_tracking::servers() const {
  std::vector<tracked_server> all;
  all.reserve(parts_.size());
  for (const auto& p : parts_) {
    all.push_back(p->state());
  }
  return all;
}

/// A master that has come was not tracked until now, whatever happened there. One that has gone told all that happened
/// while it had slots, or else was lost, which has been told.
void cluster_tracking::surveyed() {
  const auto& masters = map().masters();
  const auto is_master = [&](const auto& p) { return std::ranges::find(masters, p->who()) != masters.end(); };
  std::erase_if(parts_, [&](const auto& p) { return !is_master(p); });
  for (const auto& master : masters) {
    if (std::ranges::none_of(parts_, [&](const auto& p) { return p->who() == master; })) {
      parts_.push_back(std::make_unique<part>(*this, master));
    }
  }
  if (at().roll && known()) {
    at().roll->admit(masters);
  }
  judge();
}

/// Tells of it when the whole has come up or is no longer so. Who does not know what masters there are cannot say that
/// all of them tell.
void cluster_tracking::judge() {
  const bool whole = known() && !parts_.empty() && std::ranges::all_of(parts_, [](const auto& p) { return p->up(); });
  if (stopping() || std::exchange(whole_, whole) == whole) {
    return;
  }
  if (whole) {
    stats_->connects.add();
    stats_->up.add();
    spdlog::info("redis {}: all {} masters tell what changes", at().to_string(), parts_.size());
    told_.tracking_up();
  } else {
    stats_->up.subtract();
    told_.tracking_down();
  }
}

} // namespace rollcall::redis
