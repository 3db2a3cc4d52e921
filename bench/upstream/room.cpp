#include "upstream/room.hpp"

#include "upstream/example.hpp"
#include "upstream/json_text.hpp"
#include "upstream/nickname.hpp"
#include "upstream/random.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>

namespace rollcall::standin {
namespace {

constexpr std::string_view avatar_root = "http://wx.qlogo.cn/mmhead/ver_1/";
constexpr std::string_view smallest_avatar = "/132";

std::string make_user_name(random_source& random) {
  static constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string name = "wxid_";
  for (int i = 0; i < 12; ++i) {
    name += letters[random.below(letters.size())];
  }
  name += static_cast<char>('1' + random.below(3));
  name += '2';
  return name;
}

/// Base 64 in which the three characters that URLs cannot carry are spelled "ia", "ib" and "ic", as the platform does.
std::string make_avatar(random_source& random, std::size_t length) {
  static constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string url(avatar_root);
  const std::size_t end = url.size() + length;
  std::uint64_t bits = 0;
  for (std::size_t drawn = 0; url.size() < end; ++drawn) {
    bits = drawn % 10 == 0 ? random.next() : bits >> 6;
    const std::size_t digit = bits & 63;
    if (digit < letters.size()) {
      url += letters[digit];
    } else {
      url += digit == 62 ? "ia" : "ib";
    }
  }
  url.resize(end);
  return url;
}

/// Sizes the avatar so that the member has 465 to 544 bytes of compact JSON under the first names.
void dress(random_source& random, member& who) {
  who.avatar.clear();
  std::string bare;
  append_member(bare, naming::first, who, {}, 0);
  const std::size_t target = 465 + random.below(80);
  const std::size_t left = target - std::min(target, bare.size() + 2 * avatar_root.size());
  who.avatar = make_avatar(random, std::clamp<std::size_t>(left / 2, 40, 160));
}

const std::vector<member>& documented_members() {
  static const std::vector<member> members = [] {
    const auto text = [](const boost::json::object& object, std::string_view key) {
      const auto& value = object.at(key);
      return value.is_string() ? std::string(value.get_string()) : std::string();
    };
    std::vector<member> found;
    const auto whole = boost::json::parse(documented_answer());
    for (const auto& value : whole.at("data").as_array()) {
      const auto& object = value.as_object();
      std::string avatar = text(object, "smallHeadImgUrl");
      avatar.resize(avatar.size() - smallest_avatar.size());
      found.push_back({text(object, "userName"), text(object, "nickName"), text(object, "displayName"),
                       std::move(avatar), text(object, "inviteUser")});
    }
    return found;
  }();
  return members;
}

std::vector<member> original_members(const room_options& options, std::string_view room) {
  if (room == documented_room) {
    return documented_members();
  }
  const std::uint64_t base = seed_from(options.seed, room);
  std::vector<member> members(original_size(options, room));
  std::vector<random_source> sources;
  sources.reserve(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    auto& random = sources.emplace_back(seed_from(base, i + 1));
    members[i].user_name = make_user_name(random);
    members[i].nick_name = make_nickname(random);
    if (random.chance(0.12)) {
      members[i].display_name = make_nickname(random);
    }
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    const bool owner = i + 1 == members.size();
    if (!owner) {
      const bool by_a_member = i > 0 && sources[i].chance(0.2);
      members[i].inviter = by_a_member ? members[sources[i].below(i)].user_name : members.back().user_name;
    }
    dress(sources[i], members[i]);
  }
  return members;
}

void append_text_or_null(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "null";
  } else {
    append_json(out, text);
  }
}

void append_avatars(std::string& out, std::string_view avatar) {
  out += R"(,"bigHeadImgUrl":")";
  out += avatar;
  out += R"(/0","smallHeadImgUrl":")";
  out += avatar;
  out += smallest_avatar;
  out += '"';
}

} // namespace

const member* room_view::find(std::string_view user_name) const {
  const auto found = std::ranges::find(members, user_name, &member::user_name);
  return found == members.end() ? nullptr : &*found;
}

bool is_room(std::string_view id) {
  static constexpr std::string_view suffix = "@chatroom";
  return id.size() > suffix.size() && (id.ends_with(suffix) || id.ends_with("@chatRoom"));
}

std::size_t original_size(const room_options& options, std::string_view room) {
  if (room == documented_room) {
    return documented_members().size();
  }
  random_source random(seed_from(options.seed, room));
  switch (options.sizes.how) {
  case room_sizes::kind::fixed:
    return std::min(options.sizes.fixed, most_members);
  case room_sizes::kind::small:
    return 3 + random.below(10);
  case room_sizes::kind::mixed:
    break;
  }
  // Box and Muller: <random>'s normal distribution is not the same everywhere.
  const double radius = std::sqrt(-2.0 * std::log(1.0 - random.unit()));
  const double normal = radius * std::cos(2.0 * std::numbers::pi * random.unit());
  return static_cast<std::size_t>(std::clamp(40.0 * std::exp(1.1 * normal), 3.0, double{most_members}));
}

room_view look_at(const room_options& options, std::string_view room, const changes& made) {
  room_view view;
  if (!made.created) {
    view.members = original_members(options, room);
    view.owner = view.members.empty() ? std::string() : view.members.back().user_name;
    std::erase_if(view.members, [&made](const member& who) { return made.left.contains(who.user_name); });
  }
  view.members.insert(view.members.end(), made.joined.begin(), made.joined.end());
  for (auto& who : view.members) {
    if (const auto found = made.display_names.find(who.user_name); found != made.display_names.end()) {
      who.display_name = found->second;
    }
    if (!made.owner.empty()) {
      who.inviter = who.user_name == made.owner ? "" : who.inviter.empty() ? made.owner : who.inviter;
    }
  }
  if (!made.owner.empty()) {
    view.owner = made.owner;
  }
  random_source random(seed_from(seed_from(options.seed, room), 0));
  view.topic = made.topic.empty() ? make_topic(random) : made.topic;
  return view;
}

member newcomer(const room_options& options, std::string_view user_name, std::string_view inviter) {
  random_source random(seed_from(options.seed, user_name));
  member who{std::string(user_name), make_nickname(random), {}, {}, std::string(inviter)};
  dress(random, who);
  return who;
}

std::string account_of(const room_options& options, std::string_view wid) {
  random_source random(seed_from(~options.seed, wid));
  return make_user_name(random);
}

void append_member(std::string& out, naming names, const member& who, std::string_view room, std::size_t room_size) {
  if (names == naming::later) {
    out += R"({"chatRoomId":)";
    append_json(out, room);
    out += R"(,"userName":)";
  } else {
    out += R"({"userName":)";
  }
  append_json(out, who.user_name);
  out += R"(,"nickName":)";
  append_json(out, who.nick_name);
  if (names == naming::later) {
    out += R"(,"chatRoomOwner":null)";
    append_avatars(out, who.avatar);
    out += R"(,"v1":null,"memberCount":)";
    out += fmt::format_int(room_size).c_str();
    out += R"(,"displayName":)";
    append_json(out, who.display_name);
    out += R"(,"chatRoomMembers":null,"inviterUserName":)";
  } else {
    out += R"(,"displayName":)";
    append_text_or_null(out, who.display_name);
    append_avatars(out, who.avatar);
    out += R"(,"inviteUser":)";
  }
  append_text_or_null(out, who.inviter);
  out += '}';
}

std::string render_room(const room_options& options, std::string_view room, naming names, const changes& made) {
  const auto view = look_at(options, room, made);
  std::string data;
  data.reserve(view.members.size() * 640 + 2);
  data += '[';
  for (const auto& who : view.members) {
    if (data.size() > 1) {
      data += ',';
    }
    append_member(data, names, who, room, view.members.size());
  }
  data += ']';
  return envelope(options.style, 1000, "成功", data);
}

std::string envelope(envelope_style style, int code, std::string_view message, std::string_view data) {
  std::string out;
  out.reserve(data.size() + message.size() + 48);
  out += style.msg ? R"({"msg":)" : R"({"message":)";
  append_json(out, message);
  out += R"(,"code":)";
  out += style.int_code ? fmt::format("{}", code) : fmt::format(R"("{}")", code);
  out += R"(,"data":)";
  out += data;
  out += '}';
  return out;
}

} // namespace rollcall::standin
