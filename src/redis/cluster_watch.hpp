#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/redis/connection.hpp"
#include "rollcall/redis/endpoint.hpp"

#include "slot_map.hpp"
#include "survey.hpp"
#include "survey_plan.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <string>

namespace rollcall::redis {

struct cluster_watch_options {
  /// Nodes are asked once a `period` while nothing speaks against the map, and otherwise with pauses from `least` to
  /// `most`.
  std::chrono::milliseconds period{10'000};
  std::chrono::milliseconds least{50};
  std::chrono::milliseconds most{1000};
  /// For one node: resolving, connecting, AUTH, and its answer together.
  std::chrono::milliseconds patience{500};
};

/// Keeps a map of a cluster's slots current, by asking one node after the other; never more than one round at a time.
/// What the map is for is the heirs' matter. Held by its owner and by the task that it runs; one thread.
class cluster_watch : public std::enable_shared_from_this<cluster_watch> {
public:
  virtual ~cluster_watch() = default;
  cluster_watch(const cluster_watch&) = delete;
  cluster_watch& operator=(const cluster_watch&) = delete;

  /// Called once.
  void start();
  /// Ends everything for good. Heirs stop what is theirs.
  void stop();

  [[nodiscard]] const deployment& at() const noexcept { return at_; }

protected:
  cluster_watch(const net::executor& where, deployment at, std::string name, cluster_watch_options options);

  /// Empty before the first answer.
  [[nodiscard]] const slot_map& map() const noexcept { return map_; }
  /// Whether a node has told when they were asked last.
  [[nodiscard]] bool known() const noexcept { return known_ == true; }
  [[nodiscard]] bool stopping() const noexcept { return stopping_; }
  [[nodiscard]] const net::executor& where() const noexcept { return where_; }
  /// Where `node` is and who we are there.
  [[nodiscard]] endpoint endpoint_of(const host_port& node) const;

  /// Something does not fit the map, which is brought up to date soon.
  void look();
  /// As look(); `node` knows better.
  void look(const host_port& node);
  /// As slot_map::learn().
  bool learn(std::uint16_t slot, const host_port& node) { return map_.learn(slot, node); }

private:
  /// A round has ended: map() is what a node said, and may be as before. When known() is false, none has.
  virtual void surveyed() = 0;
  /// All that map() names is reached.
  [[nodiscard]] virtual bool settled() const = 0;

  static net::task<void> keep(std::shared_ptr<cluster_watch> self);
  net::task<void> round();
  net::task<std::optional<survey::answer>> ask(host_port node);
  net::task<void> pause();
  void adopt(survey::answer told);
  void report(bool known);

  net::executor where_;
  deployment at_;
  std::string name_;
  cluster_watch_options options_;
  std::shared_ptr<connection_stats> survey_stats_ = std::make_shared<connection_stats>();
  std::shared_ptr<survey> asking_;
  slot_map map_;
  std::uint64_t epoch_ = 0;
  survey_order order_;
  survey_schedule schedule_;
  net::timer pause_;
  std::minstd_rand random_;
  std::string trouble_; ///< why the last node that was asked did not tell
  std::optional<bool> known_;
  bool started_ = false;
  bool stopping_ = false;
};

} // namespace rollcall::redis
