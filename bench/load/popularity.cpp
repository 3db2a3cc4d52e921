#include "load/popularity.hpp"

#include <cmath>
#include <numeric>

namespace rollcall::load {

popularity::popularity(std::size_t size, double exponent) : table_(size) {
  std::vector<double> weights(size);
  for (std::size_t i = 0; i < size; ++i) {
    weights[i] = std::pow(static_cast<double>(i + 1), -exponent);
  }
  const double mean = std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(size);
  std::vector<std::uint32_t> poor;
  std::vector<std::uint32_t> rich;
  for (std::size_t i = 0; i < size; ++i) {
    weights[i] /= mean;
    table_[i].otherwise = static_cast<std::uint32_t>(i);
    (weights[i] < 1 ? poor : rich).push_back(static_cast<std::uint32_t>(i));
  }
  while (!poor.empty() && !rich.empty()) {
    const auto low = poor.back();
    const auto high = rich.back();
    poor.pop_back();
    table_[low] = {weights[low], high};
    weights[high] -= 1 - weights[low];
    if (weights[high] < 1) {
      rich.pop_back();
      poor.push_back(high);
    }
  }
}

} // namespace rollcall::load
