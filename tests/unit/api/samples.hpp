#pragma once

#include "rollcall/api/query.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace rollcall::api::test {

/// The documented request.
inline constexpr std::string_view documented_request = R"({
    "wId": "0000016e-6343-089e-0001-e2ef939176f6",
    "wcId": "23321854893@chatroom"
})";

/// The documented answer, with two of its members.
inline constexpr std::string_view documented_answer = R"({
    "message": "成功",
    "code": "1000",
    "data": [
        {
            "userName": "wxid_cf2r2mdypejh32",
            "nickName": "Gun🦑",
            "displayName": null,
            "bigHeadImgUrl": "http://wx.qlogo.cn/mmhead/ver_1/rIRpZ5WSDQuCs49sA6TicCatGu8M/0",
            "smallHeadImgUrl": "http://wx.qlogo.cn/mmhead/ver_1/rIRpZ5WSDQuCs49sA6TicCatGu8M/132",
            "inviteUser": "wxid_6mq1pu8ngj3r22"
        },
        {
            "userName": "wxid_6mq1pu8ngj3r22",
            "nickName": "为了更美好的明天而战",
            "displayName": null,
            "bigHeadImgUrl": "http://wx.qlogo.cn/mmhead/ver_1/8wIWia4DaMD9cf6gmmledibDO/0",
            "smallHeadImgUrl": "http://wx.qlogo.cn/mmhead/ver_1/8wIWia4DaMD9cf6gmmledibDO/132",
            "inviteUser": null
        }
    ]
})";

/// The documented failure.
inline constexpr std::string_view documented_failure = R"({
    "message": "失败",
    "code": "1001",
    "data": null
})";

/// A copy with exactly the promised padding behind it, so that the address sanitizer sees any read beyond.
class padded {
public:
  explicit padded(std::string_view text, char filler = '\0')
      : bytes_(std::make_unique<char[]>(text.size() + padding)), size_(text.size()) {
    text.copy(bytes_.get(), size_);
    fill(filler);
  }
  void fill(char filler) { std::memset(bytes_.get() + size_, filler, padding); }
  [[nodiscard]] padded_view view() const { return {bytes_.get(), size_}; }

private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

/// What a parser might mistake for the rest of the text when it reads past the end.
inline constexpr std::array fillers{'\0', '}', '"', ' ', '\xFF'};

/// A query as one unambiguous line, for comparison.
std::string line(std::string_view w_id, room_field field, std::string_view room);
std::string line(const parsed_query& parsed);
std::string line(query_error e);

/// What the parser says about a body, as a line. Asks with each filler behind it, and once more with so much trailing
/// space that the quick pass is not taken; says so if the verdicts differ.
std::string verdict(std::string_view body);

} // namespace rollcall::api::test
