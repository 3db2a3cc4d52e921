#include "load/process_watch.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace rollcall::load {
namespace {

/// To the nanosecond, where /proc/PID/stat counts ticks of 10 ms; but a thread that ended takes its time with it.
std::optional<double> scheduled_us(const std::string& process) {
  std::error_code error;
  double sum = 0;
  bool any = false;
  for (const auto& task : std::filesystem::directory_iterator(process + "/task", error)) {
    double nanoseconds = 0;
    if (std::ifstream in(task.path() / "schedstat"); in >> nanoseconds) {
      sum += nanoseconds / 1e3;
      any = true;
    }
  }
  return any && !error ? std::optional(sum) : std::nullopt;
}

std::uint64_t resident_bytes(const std::string& process) {
  std::ifstream in(process + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmRSS:")) {
      return std::stoull(line.substr(6)) * 1024;
    }
  }
  return 0;
}

} // namespace

std::optional<process_use> use_of(std::span<const int> pids) {
  process_use sum;
  for (const int pid : pids) {
    const auto process = fmt::format("/proc/{}", pid);
    const auto cpu = scheduled_us(process);
    if (!cpu) {
      return std::nullopt;
    }
    sum.cpu_us += *cpu;
    sum.rss_bytes += resident_bytes(process);
  }
  return pids.empty() ? std::nullopt : std::optional(sum);
}

double own_cpu_us() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto us = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec); };
  return us(use.ru_utime) + us(use.ru_stime);
}

} // namespace rollcall::load
