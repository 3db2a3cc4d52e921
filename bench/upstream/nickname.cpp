#include "upstream/nickname.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace rollcall::standin {
namespace {

using namespace std::string_view_literals;

constexpr std::array surnames{"王"sv, "李"sv, "张"sv, "刘"sv, "陈"sv, "杨"sv, "黄"sv, "赵"sv,   "吴"sv,   "周"sv,
                              "徐"sv, "孙"sv, "马"sv, "朱"sv, "胡"sv, "郭"sv, "何"sv, "欧阳"sv, "司马"sv, "诸葛"sv};
constexpr std::array given{"伟"sv, "芳"sv, "娜"sv, "敏"sv, "静"sv, "建"sv, "宏"sv, "明"sv, "丽"sv, "强"sv, "磊"sv,
                           "洋"sv, "艳"sv, "勇"sv, "杰"sv, "娟"sv, "涛"sv, "超"sv, "霞"sv, "平"sv, "刚"sv, "𠮷"sv};
constexpr std::array phrases{"为了更美好的明天而战"sv,
                             "岁月静好"sv,
                             "平安是福"sv,
                             "奋斗的小青年"sv,
                             "飞飞飞"sv,
                             "一路向北"sv,
                             "阳光总在"sv,
                             "不忘初心"sv,
                             "A00建材批发"sv,
                             "静水流深"sv};
constexpr std::array latin{"Gun"sv, "Alice"sv, "kevin"sv, "LuLu"sv, "Mr.W"sv, "Zoë"sv, "Łukasz"sv, "Max_2008"sv};
constexpr std::array emoji{
    "🦑"sv, "🌹"sv, "😂"sv, "🐷"sv, "✨"sv, "❤️"sv, "🇨🇳"sv, "👍🏽"sv, "👨‍👩‍👧‍👦"sv};
constexpr std::array awkward{"\"老王\""sv,
                             R"(C:\Users\老李)"sv,
                             "e\u0301cole"sv,
                             "ｆｕｌｌ　ｗｉｄｔｈ"sv,
                             "\u202eمرحبا\u202c"sv,
                             " 前后有空格 "sv,
                             "<b>粗体</b>&amp;"sv,
                             "两\n行"sv,
                             "tab\there"sv,
                             "z\u0335\u0321\u034ea\u0336l\u0334g\u0337o"sv,
                             "\u200b"sv,
                             "\u2028分隔"sv,
                             R"({"userName":"x"})"sv,
                             "null"sv,
                             "\x01"
                             "控制"sv};

template <std::size_t N>
std::string_view pick(random_source& random, const std::array<std::string_view, N>& words) {
  return words[random.below(N)];
}

} // namespace

std::string make_nickname(random_source& random) {
  std::string name;
  const auto kind = random.below(100);
  if (kind < 45) {
    name += pick(random, surnames);
    name += pick(random, given);
    if (random.chance(0.6)) {
      name += pick(random, given);
    }
  } else if (kind < 65) {
    name += pick(random, phrases);
  } else if (kind < 90) {
    name += pick(random, latin);
  } else {
    name += pick(random, awkward);
  }
  if (random.chance(0.25)) {
    name += pick(random, emoji);
  }
  return name;
}

std::string make_topic(random_source& random) {
  std::string topic(pick(random, phrases));
  topic += random.chance(0.5) ? "交流群" : "家族群";
  if (random.chance(0.3)) {
    topic += pick(random, emoji);
  }
  return topic;
}

} // namespace rollcall::standin
