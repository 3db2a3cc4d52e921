#include "load/script.hpp"

#include "load/clock.hpp"
#include "upstream/duration.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace rollcall::load {
namespace {

std::int64_t nanoseconds(microseconds d) {
  return std::chrono::nanoseconds(d).count();
}

/// With default signals: ours are blocked, and a child would inherit that.
pid_t start(const std::string& command) {
  posix_spawnattr_t how;
  posix_spawn_file_actions_t files;
  ::posix_spawnattr_init(&how);
  ::posix_spawn_file_actions_init(&files);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&how, &none);
  ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
  ::posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  std::string shell = "sh";
  std::string flag = "-c";
  std::string text = command;
  const std::array<char*, 4> arguments{shell.data(), flag.data(), text.data(), nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, "/bin/sh", &files, &how, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&how);
  return error == 0 ? pid : -1;
}

} // namespace

std::optional<planned_event> read_event(std::string_view line) {
  const auto space = line.find(' ');
  const auto command = line.find_first_not_of(' ', space);
  const auto at = standin::parse_duration(line.substr(0, space));
  return at && space != std::string_view::npos && command != std::string_view::npos
             ? std::optional(planned_event{*at, std::string(line.substr(command))})
             : std::nullopt;
}

std::vector<planned_event> read_script(const std::string& file) {
  std::ifstream in(file);
  if (!in) {
    throw std::runtime_error(file + ": cannot be read");
  }
  std::vector<planned_event> events;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    auto read = read_event(line);
    if (!read) {
      throw std::runtime_error(
          fmt::format("{}:{}: expected a time and a command, such as: 5s redis-cli flushall", file, number));
    }
    events.push_back(std::move(*read));
  }
  return events;
}

script::script(const std::vector<planned_event>& events) {
  for (const auto& each : events) { // those of the same moment in the order they were given
    planned_.insert(std::ranges::upper_bound(planned_, each.at, {}, &planned_event::at), each);
  }
}

std::optional<std::int64_t> script::next() const {
  return at_ < planned_.size() ? std::optional(nanoseconds(planned_[at_].at)) : std::nullopt;
}

void script::step(std::int64_t elapsed) {
  reap();
  for (; at_ < planned_.size() && nanoseconds(planned_[at_].at) <= elapsed; ++at_) {
    const auto pid = start(planned_[at_].command);
    done_.push_back({static_cast<double>(elapsed) / 1e9, planned_[at_].command, -1});
    if (pid > 0) {
      running_.push_back({pid, done_.size() - 1});
    }
  }
}

void script::reap() {
  std::erase_if(running_, [this](const running& each) {
    int status = 0;
    if (::waitpid(each.pid, &status, WNOHANG) != each.pid) {
      return false;
    }
    done_[each.which].status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  });
}

std::vector<event> script::finish() {
  for (const auto end = now_ns() + 2 * one_second; !running_.empty() && now_ns() < end; reap()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return std::move(done_);
}

} // namespace rollcall::load
