#pragma once

#include "rollcall/ops/histogram.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace rollcall::ops {

enum class metric_kind { counter, gauge };

/// The metrics of the process. Rooms keep plain per-thread counters and register here how to read them; readings that
/// share name and labels are summed. Registration happens before the threads start; rendering may then happen on any
/// one thread at a time. The help and the kind of a name are said the same way each time (asserted).
class metrics {
public:
  using labels = std::map<std::string, std::string>;
  using reading = std::function<double()>;

  metrics();
  ~metrics();

  /// `name` starts with `rollcall_`; counters end in `_total`. What `read` reads must outlive this object.
  void add(std::string name, std::string help, metric_kind kind, labels with, reading read);

  /// Durations in seconds; `name` ends in `_seconds`. `source` must outlive this object.
  void add_histogram(std::string name, std::string help, labels with, const histogram& source);

  /// The Prometheus text format 0.0.4.
  [[nodiscard]] std::string render() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace rollcall::ops
