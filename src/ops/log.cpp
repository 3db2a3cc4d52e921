#include "rollcall/ops/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>

namespace rollcall::ops {

void start_log(std::string_view level) {
  // The sink colours only when standard error is a terminal.
  auto logger = std::make_shared<spdlog::logger>("rollcall", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_level(spdlog::level::from_str(std::string{level}));
  // RFC 3339 with the offset, so that lines of machines in several zones can be merged.
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  spdlog::set_default_logger(std::move(logger));
}

void set_log_level(std::string_view level) {
  spdlog::set_level(spdlog::level::from_str(std::string{level}));
}

} // namespace rollcall::ops
