#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace rollcall::herding {

/// What one round showed. Times are milliseconds.
struct report {
  std::size_t round = 0;
  std::size_t calls = 0;         ///< that reached the instance
  std::size_t wrong = 0;         ///< answers that were not the list, byte for byte
  double asking = 0;             ///< how long it took to send all requests
  double answering = 0;          ///< from the instance's first answer to its last
  std::vector<double> latencies; ///< of the right answers, counted from the instance's
};

/// The nearest rank: the smallest value that at least `share` of all do not exceed. Not of none.
double percentile(const std::vector<double>& sorted, double share);

/// One line of JSON, without its end. Sorts the latencies; without any, they are null.
std::string to_json(report r);

} // namespace rollcall::herding
