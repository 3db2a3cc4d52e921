#pragma once

#include "load/truth.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rollcall::load {

/// A request, but for what all of them have in common. No token: no Authorization field.
struct question {
  std::string_view method = "POST";
  std::string_view path = {};
  std::string_view token = {};
  std::string_view body = {};
};

/// All questions of a run and their answers, made before it begins: asking is copying. Immutable while threads use it.
class catalogue {
public:
  /// Answers are kept until they take up this much, and known by size and hash after that.
  explicit catalogue(std::size_t most_kept = std::size_t{256} << 20) : most_kept_(most_kept) {}

  /// `answer` empty: any answer with status 200 is right. Returns the number of the question.
  std::size_t add(const question& asked, std::string answer);

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] question at(std::size_t i) const noexcept;
  [[nodiscard]] const truth& truth_of(std::size_t i) const noexcept { return entries_[i].answer; }

private:
  struct entry {
    std::uint64_t body;
    std::uint32_t body_size;
    std::uint32_t method;
    std::uint32_t path;
    std::uint32_t token;
    truth answer;
  };
  std::uint32_t intern(std::string_view text);

  std::size_t most_kept_;
  std::size_t kept_bytes_ = 0;
  std::deque<std::string> words_; // methods, paths and tokens, each once
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::string bodies_; // one after the other
  std::deque<std::string> kept_;
  std::vector<entry> entries_;
};

} // namespace rollcall::load
