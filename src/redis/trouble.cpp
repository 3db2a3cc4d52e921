#include "rollcall/redis/trouble.hpp"

#include "scripts.hpp"

#include <algorithm>
#include <utility>

namespace rollcall::redis {
namespace {

struct word {
  std::string_view said;
  std::string_view label;
};

/// In the order of the enum.
constexpr std::array<word, troubles> words{{
    {"LOADING", "loading"},
    {"BUSY", "busy"},
    {"MASTERDOWN", "masterdown"},
    {"CLUSTERDOWN", "clusterdown"},
    {"NOAUTH", "noauth"},
    {"WRONGPASS", "wrongpass"},
    {"NOPERM", "noperm"},
    {"OOM", "oom"},
    {"READONLY", "readonly"},
    {"MISCONF", "misconf"},
    {"NOREPLICAS", "noreplicas"},
    {"MOVED", "moved"},
    {"ASK", "ask"},
    {"TRYAGAIN", "tryagain"},
    {"NOSCRIPT", "noscript"},
    {"WRONGTYPE", "wrongtype"},
    {"", "other"},
}};

} // namespace

std::string_view to_string(trouble t) {
  return words[static_cast<std::size_t>(t) - 1].label;
}

trouble trouble_of(std::string_view error) {
  const auto known = std::ranges::find(words, kind_of(error), &word::said);
  return known == words.end() ? trouble::other : static_cast<trouble>(known - words.begin() + 1);
}

bool is_general(trouble t) {
  switch (t) {
  case trouble::loading:
  case trouble::busy:
  case trouble::masterdown:
  case trouble::clusterdown:
  case trouble::noauth:
  case trouble::wrongpass:
    return true;
  case trouble::noperm:
  case trouble::oom:
  case trouble::readonly:
  case trouble::misconf:
  case trouble::noreplicas:
  case trouble::moved:
  case trouble::ask:
  case trouble::tryagain:
  case trouble::noscript:
  case trouble::wrongtype:
  case trouble::other:
    return false;
  }
  return false;
}

} // namespace rollcall::redis
