#include "herding/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rollcall::herding {

double percentile(const std::vector<double>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

std::string to_json(report r) {
  auto& all = r.latencies;
  std::ranges::sort(all);
  const auto times = all.empty() ? std::string(R"("min":null,"p50":null,"p99":null,"max":null)")
                                 : fmt::format(R"("min":{:.3f},"p50":{:.3f},"p99":{:.3f},"max":{:.3f})", all.front(),
                                               percentile(all, 0.5), percentile(all, 0.99), all.back());
  return fmt::format(R"({{"round":{},"calls":{},"answers":{},"wrong":{},"asking":{:.3f},"answering":{:.3f},{}}})",
                     r.round, r.calls, all.size(), r.wrong, r.asking, r.answering, times);
}

} // namespace rollcall::herding
