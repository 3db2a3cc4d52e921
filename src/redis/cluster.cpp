#include "cluster.hpp"

#include "cluster_nodes.hpp"
#include "kept_command.hpp"
#include "key_slot.hpp"
#include "redirection.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace rollcall::redis {
namespace {

using time_point = net::steady_clock::time_point;

net::task<command_result> at_once(command_error e) {
  co_return std::unexpected(e);
}

/// False when the waiter was cancelled.
net::task<bool> rest(net::executor where, std::chrono::milliseconds length) {
  net::timer t(where, length);
  const auto [cancelled] = co_await t.async_wait(net::no_throw);
  co_return !cancelled;
}

} // namespace

/// Held by the cluster, by the task that follows its changes, and by every command under way, which may outlast it.
class cluster::core final : public cluster_watch {
public:
  core(const net::executor& where, const deployment& at, connection_options options, cluster_watch_options watch)
      : cluster_watch(where, at, fmt::format("redis {}", at.to_string()), watch), nodes_(where, at.server, options) {}

  net::task<command_result> run(std::uint16_t slot, std::span<const std::string_view> args, time_point deadline);
  void send_after(std::uint16_t slot, std::span<const std::string_view> args) {
    if (auto* const to = owner(slot)) {
      to->link.send_after({}, args);
    }
  }
  void met(std::uint16_t slot, trouble what) {
    if (auto* const to = owner(slot)) {
      to->link.met({}, what);
    }
  }
  void close() {
    stop();
    masters_.clear();
    nodes_.close();
  }
  [[nodiscard]] bool connected() const noexcept { return nodes_.any_connected(); }
  [[nodiscard]] const connection_stats& stats() const noexcept { return nodes_.stats(); }

private:
  /// A command that has to get to where its slot is.
  struct errand {
    kept_command what;
    std::uint16_t slot;
    time_point deadline;
  };
  using attempt = std::optional<net::task<command_result>>;

  void surveyed() override {
    nodes_.keep(map().masters(), net::steady_clock::now());
    find_masters();
  }
  [[nodiscard]] bool settled() const override { return nodes_.all_connected(map().masters()); }

  [[nodiscard]] bool may_use(cluster_nodes::node& n) const;
  void find_masters();
  void take_note(std::uint16_t slot, const host_port& now_at);
  [[nodiscard]] cluster_nodes::node* owner(std::uint16_t slot) const noexcept;

  static net::task<command_result> follow(std::shared_ptr<core> self, errand e, host_port asked, attempt first);
  net::task<command_result> pursue(const errand& e, host_port asked, command_result said);
  net::task<command_result> carry(const errand& e, host_port to, bool asking);

  cluster_nodes nodes_;
  std::vector<cluster_nodes::node*> masters_; ///< by their index in the map
};

void cluster::core::find_masters() {
  masters_.clear();
  for (const auto& who : map().masters()) {
    masters_.push_back(nodes_.get(who, net::steady_clock::now()));
  }
}

void cluster::core::take_note(std::uint16_t slot, const host_port& now_at) {
  if (learn(slot, now_at) && map().masters().size() != masters_.size()) {
    find_masters();
  }
}

cluster_nodes::node* cluster::core::owner(std::uint16_t slot) const noexcept {
  const auto index = map().owner(slot);
  return index < masters_.size() ? masters_[index] : nullptr;
}

bool cluster::core::may_use(cluster_nodes::node& n) const {
  auto* const roll = at().roll.get();
  const bool admitted = n.admitted(roll);
  if (!admitted) {
    roll->doubt();
  }
  return admitted && n.connected();
}

/// Not a coroutine: what can be sent is sent before it returns.
net::task<command_result> cluster::core::run(std::uint16_t slot, std::span<const std::string_view> args,
                                             time_point deadline) {
  auto* const to = owner(slot);
  const bool up = to != nullptr && may_use(*to);
  if (!up) {
    look();
    if (to == nullptr || !to->young(net::steady_clock::now())) {
      return at_once(command_error::unavailable);
    }
  }
  auto first = up ? attempt(to->send(args, false, deadline)) : std::nullopt;
  auto self = std::static_pointer_cast<core>(shared_from_this());
  return follow(std::move(self), {kept_command(args), slot, deadline}, to->who, std::move(first));
}

/// What nearly every command needs, in a small frame. `asked` has been sent the command, or will be when there is no
/// `first`.
net::task<command_result> cluster::core::follow(std::shared_ptr<core> self, errand e, host_port asked, attempt first) {
  auto said = first ? co_await std::move(*first) : co_await self->carry(e, asked, false);
  if (said && said->is(reply::kind::error)) {
    co_return co_await self->pursue(e, std::move(asked), std::move(said));
  }
  if (!said && said.error() == command_error::closed) {
    self->look();
  }
  co_return said;
}

/// From an error to what comes of it.
net::task<command_result> cluster::core::pursue(const errand& e, host_port asked, command_result said) {
  pursuit plan(e.slot, net::steady_clock::now(), e.deadline);
  while (said && !stopping()) {
    const auto next = plan.after(read_cluster_error(*said, asked), net::steady_clock::now());
    if (next.learn) {
      take_note(e.slot, next.to);
      look(asked); // who sends us elsewhere knows where the slot is
    } else if (next.look) {
      look();
    }
    if (next.what == next_step::kind::settle) {
      break;
    }
    if (next.pause.count() > 0 && !co_await rest(where(), next.pause)) {
      co_return std::unexpected(command_error::timed_out);
    }
    if (next.what == next_step::kind::follow) {
      asked = next.to;
    } else if (const auto* at = owner(e.slot)) {
      asked = at->who;
    } else {
      break;
    }
    said = co_await carry(e, asked, next.asking);
  }
  co_return said;
}

/// Sends the command to a node that may not be connected yet, or not be on the roll.
net::task<command_result> cluster::core::carry(const errand& e, host_port to, bool asking) {
  constexpr std::chrono::milliseconds glance{1};
  for (;;) {
    const auto now = net::steady_clock::now();
    auto* const at = stopping() ? nullptr : nodes_.get(to, now);
    // Where a slot is only on its way to, nothing was confirmed that could be lacking.
    if (at != nullptr && (asking ? at->connected() : may_use(*at))) {
      auto under_way = at->send(e.what.args(), asking, e.deadline);
      co_return co_await std::move(under_way);
    }
    if (at == nullptr || !at->young(now) || now + glance >= e.deadline) {
      look();
      co_return std::unexpected(command_error::unavailable);
    }
    if (!co_await rest(where(), glance)) {
      co_return std::unexpected(command_error::timed_out);
    }
  }
}

cluster::cluster(const net::executor& where, const deployment& at, connection_options options,
                 cluster_watch_options watch)
    : core_(std::make_shared<core>(where, at, options, watch)) {}

cluster::~cluster() {
  stop();
}

void cluster::start() {
  core_->start();
}

void cluster::stop() {
  core_->close();
}

bool cluster::connected() const noexcept {
  return core_->connected();
}

net::task<command_result> cluster::run_for(std::string_view key, std::span<const std::string_view> args,
                                           net::steady_clock::time_point deadline) {
  return core_->run(key_slot(key), args, deadline);
}

void cluster::send_after(std::string_view key, std::span<const std::string_view> args) {
  core_->send_after(key_slot(key), args);
}

void cluster::met(std::string_view key, trouble what) {
  core_->met(key_slot(key), what);
}

std::string cluster::name() const {
  return core_->at().to_string();
}

const connection_stats& cluster::stats() const noexcept {
  return core_->stats();
}

} // namespace rollcall::redis
