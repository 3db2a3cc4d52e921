#include "load/catalogue.hpp"

#include <utility>

namespace rollcall::load {

std::uint32_t catalogue::intern(std::string_view text) {
  if (const auto found = numbers_.find(text); found != numbers_.end()) {
    return found->second;
  }
  const auto number = static_cast<std::uint32_t>(words_.size());
  numbers_.emplace(words_.emplace_back(text), number);
  return number;
}

std::size_t catalogue::add(const question& asked, std::string answer) {
  entry made{bodies_.size(),       static_cast<std::uint32_t>(asked.body.size()),
             intern(asked.method), intern(asked.path),
             intern(asked.token),  {}};
  bodies_ += asked.body;
  if (!answer.empty() && kept_bytes_ + answer.size() <= most_kept_) {
    kept_bytes_ += answer.size();
    made.answer = truth(kept_.emplace_back(std::move(answer)), true);
  } else if (!answer.empty()) {
    made.answer = truth(answer, false);
  }
  entries_.push_back(made);
  return entries_.size() - 1;
}

question catalogue::at(std::size_t i) const noexcept {
  const auto& e = entries_[i];
  return {words_[e.method], words_[e.path], words_[e.token], std::string_view(bodies_).substr(e.body, e.body_size)};
}

} // namespace rollcall::load
