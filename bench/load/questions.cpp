#include "load/questions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rollcall::load {
namespace {

using standin::naming;

constexpr std::size_t most_members_asked = 4;

/// Ids of ours need no escaping.
std::string body_of(const town& of, std::size_t i) {
  return fmt::format(R"({{"wId":"{}","wcId":"{}"}})", of.w_id(i), of.room(i));
}

std::string newcomer_name(std::uint32_t version, const std::string& room) {
  return fmt::format("wxid_bench{}v{}", room.substr(0, room.find('@')), version);
}

} // namespace

void ask_for_lists(catalogue& into, const town& of, bool verify) {
  for (auto i = into.size(); i < of.size(); ++i) {
    into.add({.path = members_path, .token = of.token(i), .body = body_of(of, i)},
             verify ? standin::render_room(of.options(), of.room(i), naming::first) : std::string());
  }
}

void ask_for_members(catalogue& into, const town& of, bool verify) {
  for (auto i = into.size(); i < of.size(); ++i) {
    const auto room = of.room(i);
    const auto members = standin::look_at(of.options(), room).members;
    std::string users;
    std::string data;
    for (std::size_t m = 0; m < std::min(members.size(), most_members_asked); ++m) {
      users += (m == 0 ? "" : ",") + members[m].user_name;
      data += m == 0 ? '[' : ',';
      standin::append_member(data, naming::later, members[m], room, members.size());
    }
    into.add({.path = "/getChatRoomMemberInfo",
              .token = of.token(i),
              .body = fmt::format(R"({{"wId":"{}","chatRoomId":"{}","userList":"{}"}})", of.w_id(i), room, users)},
             verify ? standin::envelope({}, 1000, "成功", data + ']') : std::string());
  }
}

change change_to(std::uint32_t version, const town& of, std::size_t room) {
  const auto id = of.room(room);
  const bool comes = version % 2 == 1;
  return {comes ? "/addChatRoomMember" : "/deleteChatRoomMember", of.token(room),
          fmt::format(R"({{"wId":"{}","chatRoomId":"{}","userList":"{}"}})", of.w_id(room), id,
                      newcomer_name(comes ? version : version - 1, id))};
}

std::string newcomer_in(std::uint32_t version, const town& of, std::size_t room) {
  const auto id = of.room(room);
  const auto inviter = standin::account_of(of.options(), of.w_id(room));
  std::string text = ",";
  standin::append_member(text, naming::first, standin::newcomer(of.options(), newcomer_name(version, id), inviter), id,
                         0);
  return text;
}

bool confirms(std::string_view body) noexcept {
  return body.contains(R"("code":"1000")") || body.contains(R"("code":1000)");
}

} // namespace rollcall::load
