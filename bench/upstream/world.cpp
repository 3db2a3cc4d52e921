#include "upstream/world.hpp"

#include "upstream/random.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace rollcall::standin {
namespace {

constexpr std::size_t most_rooms = 200'000;
constexpr std::size_t most_changed_rooms = 100'000;
constexpr std::size_t most_logged_out = 100'000;
constexpr std::size_t most_rendered_bytes = std::size_t{256} << 20;
constexpr std::size_t longest_text = 256;

/// The member whom the account of `wid` plays: itself where it joined, otherwise one of the original people, and not
/// the owner. Empty when that one has left.
std::string player(const room_options& options, std::string_view wid, std::string_view room, const changes& made,
                   const room_view& now) {
  auto account = account_of(options, wid);
  if (made.created || now.find(account) != nullptr) {
    return now.find(account) != nullptr ? account : std::string();
  }
  const auto original = look_at(options, room).members;
  if (original.empty()) {
    return {};
  }
  const auto choices = std::max<std::size_t>(original.size() - 1, 1);
  const auto& chosen = original[seed_from(options.seed, wid) % choices].user_name;
  return now.find(chosen) != nullptr ? chosen : std::string();
}

void take_out(changes& made, std::string_view user) {
  made.display_names.erase(std::string(user));
  if (std::erase_if(made.joined, [user](const member& who) { return who.user_name == user; }) == 0) {
    made.left.emplace(user);
  }
}

} // namespace

world::room_state& world::state_of(std::string_view room) {
  if (const auto found = rooms_.find(room); found != rooms_.end()) {
    return found->second;
  }
  keep_bounds();
  return rooms_.try_emplace(std::string(room)).first->second;
}

void world::forget(room_state& state) {
  for (auto& text : state.rendered) {
    rendered_bytes_ -= text ? text->size() : 0;
    text.reset();
  }
}

/// What can be computed again is thrown away all at once: simple, and rare enough.
void world::keep_bounds() {
  if (rooms_.size() < most_rooms && rendered_bytes_ < most_rendered_bytes) {
    return;
  }
  for (auto& [room, state] : rooms_) {
    forget(state);
  }
  std::erase_if(rooms_, [](const auto& room) { return room.second.made.generation == 0; });
}

world::shared_text world::members(std::string_view room, naming names) {
  const auto slot = static_cast<std::size_t>(names);
  changes made;
  {
    const std::scoped_lock lock(mutex_);
    auto& state = state_of(room);
    if (state.rendered[slot]) {
      return state.rendered[slot];
    }
    made = state.made;
  }
  // Hundreds of kilobytes: not while others wait for the lock.
  auto text = std::make_shared<const std::string>(render_room(options_, room, names, made));
  const std::scoped_lock lock(mutex_);
  keep_bounds();
  auto& state = state_of(room);
  if (state.made.generation == made.generation && !state.rendered[slot]) {
    state.rendered[slot] = text;
    rendered_bytes_ += text->size();
  }
  return text;
}

bool world::is_untouched(std::string_view room) const {
  const std::scoped_lock lock(mutex_);
  const auto found = rooms_.find(room);
  return found == rooms_.end() || found->second.made.generation == 0;
}

room_view world::look(std::string_view room) {
  changes made;
  {
    const std::scoped_lock lock(mutex_);
    made = state_of(room).made;
  }
  return look_at(options_, room, made);
}

bool world::alter(std::string_view room, const change& apply) {
  const std::scoped_lock lock(mutex_);
  auto& state = state_of(room);
  const bool first = state.made.generation == 0;
  if (first && changed_ >= most_changed_rooms) {
    return false;
  }
  if (!apply(state.made, look_at(options_, room, state.made))) {
    return false;
  }
  changed_ += first ? 1 : 0;
  ++state.made.generation;
  forget(state);
  return true;
}

bool world::include(std::string_view room, std::span<const std::string> users, std::string_view inviter) {
  return alter(room, [&](changes& made, const room_view& now) {
    std::set<std::string_view> fresh;
    for (const auto& user : users) {
      if (user.empty() || user.size() > longest_text) {
        return false;
      }
      if (now.find(user) == nullptr) {
        fresh.insert(user);
      }
    }
    if (now.members.size() + fresh.size() > most_members) {
      return false;
    }
    for (const auto& user : users) {
      if (fresh.erase(user) != 0 && made.left.erase(user) == 0) {
        made.joined.push_back(newcomer(options_, user, inviter));
      }
    }
    return true;
  });
}

bool world::add(std::string_view wid, std::string_view room, std::span<const std::string> users) {
  return include(room, users, account_of(options_, wid));
}

bool world::join(std::string_view wid, std::string_view room) {
  const std::array self{account_of(options_, wid)};
  return include(room, self, look(room).owner);
}

bool world::remove(std::string_view room, std::span<const std::string> users) {
  return alter(room, [&](changes& made, const room_view& now) {
    if (std::ranges::find(users, now.owner) != users.end()) {
      return false;
    }
    bool any = false;
    for (const auto& user : users) {
      if (now.find(user) != nullptr) {
        take_out(made, user);
        any = true;
      }
    }
    return any;
  });
}

bool world::quit(std::string_view wid, std::string_view room) {
  return alter(room, [&](changes& made, const room_view& now) {
    const auto self = player(options_, wid, room, made, now);
    if (self.empty()) {
      return false;
    }
    take_out(made, self);
    return true;
  });
}

bool world::rename(std::string_view room, std::string_view topic) {
  return alter(room, [&](changes& made, const room_view&) {
    if (topic.empty() || topic.size() > longest_text) {
      return false;
    }
    made.topic = topic;
    return true;
  });
}

bool world::rename_self(std::string_view wid, std::string_view room, std::string_view nick) {
  return alter(room, [&](changes& made, const room_view& now) {
    auto self = player(options_, wid, room, made, now);
    if (self.empty() || nick.size() > longest_text) {
      return false;
    }
    made.display_names.insert_or_assign(std::move(self), nick);
    return true;
  });
}

bool world::transfer(std::string_view room, std::string_view user) {
  return alter(room, [&](changes& made, const room_view& now) {
    if (now.find(user) == nullptr) {
      return false;
    }
    made.owner = user;
    return true;
  });
}

std::string world::create(std::string_view wid, std::span<const std::string> users, std::string_view topic) {
  const auto self = account_of(options_, wid);
  std::string room;
  {
    const std::scoped_lock lock(mutex_);
    const auto number = seed_from(options_.seed, ++created_) % 10'000'000'000;
    room = fmt::format("{}@chatroom", 40'000'000'000 + number);
  }
  const bool opened = alter(room, [&](changes& made, const room_view&) {
    if (made.generation != 0 || topic.size() > longest_text) {
      return false;
    }
    made.created = true;
    made.owner = self;
    made.topic = topic;
    made.joined.push_back(newcomer(options_, self, {}));
    return true;
  });
  return opened && (users.empty() || add(wid, room, users)) ? room : std::string();
}

bool world::log_out(std::string_view wid) {
  const std::scoped_lock lock(mutex_);
  if (wid.empty() || wid.size() > longest_text || logged_out_.size() >= most_logged_out) {
    return false;
  }
  logged_out_.emplace(wid);
  return true;
}

bool world::is_logged_out(std::string_view wid) const {
  if (wid.contains("logged-out")) {
    return true;
  }
  const std::scoped_lock lock(mutex_);
  return logged_out_.contains(wid);
}

} // namespace rollcall::standin
