#include "member_count.hpp"

#include <charconv>
#include <initializer_list>
#include <system_error>

namespace rollcall::api {
namespace {

constexpr std::string_view tag = "membercount";
constexpr std::string_view blanks = " \t\r\n";
constexpr std::uint64_t most_members = 100'000;

/// What is left of a text, read from its front. Each of these skips the blanks before what it takes.
class scanner {
public:
  explicit scanner(std::string_view rest) : rest_(rest) {}

  bool take(std::string_view token) {
    skip_blanks();
    if (!rest_.starts_with(token))
      return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  bool take_either(std::string_view a, std::string_view b) { return take(a) || take(b); }

  std::optional<std::uint64_t> take_number() {
    skip_blanks();
    std::uint64_t number = 0;
    const auto [end, failed] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (failed != std::errc{})
      return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return number;
  }

private:
  void skip_blanks() {
    const auto at = rest_.find_first_not_of(blanks);
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
  }

  std::string_view rest_;
};

bool opens_tag(std::string_view before) {
  const auto last = before.find_last_not_of(blanks);
  before = before.substr(0, last == std::string_view::npos ? 0 : last + 1);
  return before.ends_with('<') || before.ends_with("&lt;");
}

/// N of `>N</membercount>`, the text right after an opening tag's name.
std::optional<std::uint64_t> number_after(std::string_view text) {
  scanner s(text);
  if (!s.take_either(">", "&gt;"))
    return std::nullopt;
  const auto number = s.take_number();
  const bool closed = number && s.take_either("<", "&lt;") && s.take("/") && s.take(tag) && s.take_either(">", "&gt;");
  return closed && *number >= 1 && *number <= most_members ? number : std::nullopt;
}

} // namespace

std::optional<std::uint64_t> member_count_in(std::string_view text) {
  std::optional<std::uint64_t> count;
  for (auto at = text.find(tag); at != std::string_view::npos; at = text.find(tag, at + tag.size())) {
    if (!opens_tag(text.substr(0, at)))
      continue;
    const auto number = number_after(text.substr(at + tag.size()));
    if (!number || (count && *count != *number))
      return std::nullopt;
    count = number;
  }
  return count;
}

} // namespace rollcall::api
