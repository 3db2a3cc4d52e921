#include "upstream/call.hpp"

#include "upstream/room.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <utility>

namespace rollcall::standin {
namespace {

constexpr std::size_t largest_json = std::size_t{1} << 20;
constexpr std::size_t longest_id = 256;

std::string_view strip_authority(std::string_view target) {
  if (const auto scheme = target.find("://"); !target.starts_with('/') && scheme != std::string_view::npos) {
    const auto path = target.find('/', scheme + 3);
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end;
}

} // namespace

call::call(const request& from) : memory_(scratch_.data(), scratch_.size()), fields_(&memory_) {
  path_ = strip_authority({from.target().data(), from.target().size()});
  if (const auto mark = path_.find('?'); mark != std::string_view::npos) {
    query_ = path_.substr(mark + 1);
    path_ = path_.substr(0, mark);
  }
  if (from.body().empty() || from.body().size() > largest_json) {
    return;
  }
  boost::system::error_code error;
  auto value = boost::json::parse(from.body(), error, &memory_);
  if (!error && value.is_object()) {
    fields_ = std::move(value.get_object());
  }
}

std::string_view call::parameter(std::string_view name) const {
  for (auto rest = query_; !rest.empty();) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

std::uint64_t call::number(std::string_view name, std::uint64_t otherwise, std::uint64_t limit) const {
  const auto text = parameter(name);
  std::uint64_t value = otherwise;
  if (!text.empty() && (!read_number(text, value) || value > limit)) {
    return limit + 1;
  }
  return value;
}

std::string_view call::text(std::string_view field) const {
  const auto* const value = fields_.if_contains(field);
  const auto* const string = value == nullptr ? nullptr : value->if_string();
  return string == nullptr ? std::string_view() : std::string_view(string->data(), string->size());
}

std::int64_t call::integer(std::string_view field) const {
  const auto* const value = fields_.if_contains(field);
  if (value != nullptr && value->is_int64()) {
    return value->get_int64();
  }
  std::int64_t number = 0;
  return read_number(text(field), number) ? number : -1;
}

std::string_view call::wid() const {
  const auto wid = text("wId");
  return wid.size() <= longest_id ? wid : std::string_view();
}

std::string_view call::room() const {
  for (const auto* const name : {"chatRoomId", "chatroom", "chatRoomWcId", "wcId"}) {
    if (has(name)) {
      const auto room = text(name);
      return room.size() <= longest_id && is_room(room) ? room : std::string_view();
    }
  }
  return {};
}

std::vector<std::string> call::users() const {
  auto list = text("userList");
  if (list.empty() && !is_room(text("wcId"))) {
    list = text("wcId");
  }
  std::vector<std::string> users;
  while (!list.empty() && users.size() <= most_members) {
    const auto user = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), user.size() + 1));
    if (!user.empty()) {
      users.emplace_back(user);
    }
  }
  return users;
}

} // namespace rollcall::standin
