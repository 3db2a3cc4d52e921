#include "upstream/endpoints.hpp"

#include "upstream/json_text.hpp"
#include "upstream/random.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rollcall::standin {
namespace {

using outcome = std::optional<std::string>;
using handler = outcome (*)(world& where, const call& made);

outcome done_if(bool success) {
  return success ? outcome("null") : std::nullopt;
}

outcome add(world& where, const call& made) {
  const auto users = made.users();
  return done_if(!users.empty() && where.add(made.wid(), made.room(), users));
}

outcome remove(world& where, const call& made) {
  const auto users = made.users();
  return done_if(!users.empty() && where.remove(made.room(), users));
}

outcome quit(world& where, const call& made) {
  return done_if(where.quit(made.wid(), made.room()));
}

outcome rename(world& where, const call& made) {
  return done_if(where.rename(made.room(), made.text(made.has("content") ? "content" : "topic")));
}

outcome rename_self(world& where, const call& made) {
  return done_if(made.has("nickName") && where.rename_self(made.wid(), made.room(), made.text("nickName")));
}

/// Types 1 and 2 appoint and dismiss administrators, which no list of members shows; 3 hands the room over.
outcome operate(world& where, const call& made) {
  constexpr std::int64_t transfer = 3;
  const auto users = made.users();
  const auto type = made.integer("type");
  if (users.empty() || type < 1 || type > transfer) {
    return std::nullopt;
  }
  const auto now = where.look(made.room());
  const bool all_there =
      std::ranges::all_of(users, [&now](const std::string& user) { return now.find(user) != nullptr; });
  return done_if(all_there && (type != transfer || where.transfer(made.room(), users.front())));
}

/// The real calls refer to an invitation by its message; whom that means is made up unless the call names people.
outcome confirm(world& where, const call& made) {
  auto users = made.users();
  if (users.empty()) {
    const auto invitation = made.has("newMsgId") ? "newMsgId" : "msgId";
    users.push_back(account_of(where.options(), fmt::format("invited {}", made.integer(invitation))));
  }
  return done_if(where.add(made.wid(), made.room(), users));
}

/// A link names its room when the id is part of it; otherwise every link leads to a room of its own.
std::string room_behind(const room_options& options, std::string_view url) {
  const auto at = std::min(url.find("@chatroom"), url.find("@chatRoom"));
  if (at != std::string_view::npos) {
    const auto id = url.substr(0, at + std::string_view("@chatroom").size());
    const auto start = id.find_last_not_of("0123456789", at - (at > 0 ? 1 : 0));
    const auto named = start == std::string_view::npos ? id : id.substr(start + 1);
    if (is_room(named) && named.size() < 64) {
      return std::string(named);
    }
  }
  return fmt::format("{}@chatroom", 20'000'000'000 + seed_from(options.seed, url) % 10'000'000'000);
}

outcome join(world& where, const call& made) {
  const auto url = made.text("url");
  if (url.empty()) {
    return std::nullopt;
  }
  const auto room = room_behind(where.options(), url);
  return where.join(made.wid(), room) ? outcome(fmt::format(R"({{"chatRoomId":"{}"}})", room)) : std::nullopt;
}

outcome create(world& where, const call& made) {
  const auto room = where.create(made.wid(), made.users(), made.text("topic"));
  return room.empty() ? std::nullopt : outcome(fmt::format(R"({{"chatRoomId":"{}"}})", room));
}

outcome log_out(world& where, const call& made) {
  return done_if(where.log_out(made.wid()));
}

std::string describe_room(std::string_view room, const room_view& view) {
  std::string out = R"([{"chatRoomId":)";
  append_json(out, room);
  out += R"(,"userName":null,"nickName":)";
  append_json(out, view.topic);
  out += R"(,"chatRoomOwner":)";
  append_json(out, view.owner);
  out += fmt::format(R"(,"bigHeadImgUrl":null,"smallHeadImgUrl":null,"v1":null,"memberCount":{},"displayName":null,)"
                     R"("chatRoomMembers":null}}])",
                     view.members.size());
  return out;
}

outcome room_info(world& where, const call& made) {
  return describe_room(made.room(), where.look(made.room()));
}

outcome member_info(world& where, const call& made) {
  const auto users = made.users();
  const auto room = made.room();
  const auto view = where.look(room);
  const auto names = made.has("chatRoomId") ? naming::later : naming::first;
  std::string out;
  for (const auto& user : users) {
    if (const auto* const found = view.find(user)) {
      out += out.empty() ? "[" : ",";
      append_member(out, names, *found, room, view.members.size());
    }
  }
  return out.empty() ? std::nullopt : outcome(out + ']');
}

/// One path for both: a room when `wcId` is a room, and otherwise a person, who need not share a room with the asker.
outcome contact(world& where, const call& made) {
  const auto users = made.users();
  if (!made.room().empty()) {
    return users.empty() ? room_info(where, made) : member_info(where, made);
  }
  constexpr std::size_t longest = 256;
  if (made.has("chatroom") || users.empty() || users.front().size() > longest) {
    return std::nullopt;
  }
  std::string out = "[";
  append_member(out, naming::first, newcomer(where.options(), users.front(), {}), {}, 0);
  return out + ']';
}

enum class needs : std::uint8_t { wid, wid_and_room };

struct endpoint {
  handler run;
  needs what;
};

const std::unordered_map<std::string_view, endpoint>& endpoints() {
  static const std::unordered_map<std::string_view, endpoint> table{
      {"/addChatRoomMember", {add, needs::wid_and_room}},
      {"/inviteChatRoomMember", {add, needs::wid_and_room}},
      {"/deleteChatRoomMember", {remove, needs::wid_and_room}},
      {"/delGroupContact", {quit, needs::wid_and_room}},
      {"/quitChatRoom", {quit, needs::wid_and_room}},
      {"/modifyGroupRemark", {rename, needs::wid_and_room}},
      {"/modifyGroupName", {rename, needs::wid_and_room}},
      {"/updateIInChatRoomNickName", {rename_self, needs::wid_and_room}},
      {"/operateChatRoom", {operate, needs::wid_and_room}},
      {"/agreeAddChatRoomMember", {confirm, needs::wid_and_room}},
      {"/addChatRoomMemberVerify", {confirm, needs::wid_and_room}},
      {"/getChatRoomInfo", {room_info, needs::wid_and_room}},
      {"/getChatRoomMemberInfo", {member_info, needs::wid_and_room}},
      {"/getContactFromServer", {contact, needs::wid}},
      {"/scanJoinRoom", {join, needs::wid}},
      {"/acceptUrl", {join, needs::wid}},
      {"/createChatroom", {create, needs::wid}},
      {"/createChatRoom", {create, needs::wid}},
      {"/logout", {log_out, needs::wid}},
  };
  return table;
}

} // namespace

std::optional<std::string> run_endpoint(world& where, const call& made) {
  const auto wid = made.wid();
  if (made.path() == "/member/login") {
    const auto account = json_string(made.text("account"));
    return fmt::format(R"({{"callbackUrl":null,"status":"0","Authorization":"token-{:016x}"}})",
                       seed_from(where.options().seed, account));
  }
  if (!wid.empty() && made.path() != "/logout" && where.is_logged_out(wid)) {
    return std::nullopt;
  }
  const auto found = endpoints().find(made.path());
  if (found == endpoints().end()) {
    return "null";
  }
  if (wid.empty() || (found->second.what == needs::wid_and_room && made.room().empty())) {
    return std::nullopt;
  }
  return found->second.run(where, made);
}

} // namespace rollcall::standin
