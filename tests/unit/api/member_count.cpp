// Finding a room's member count in what the platform sends along with a message.

#include "../../../src/api/member_count.hpp"

#include "mutations.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

using namespace rollcall::api;
using namespace rollcall::api::test;

BOOST_AUTO_TEST_SUITE(member_counts)

BOOST_AUTO_TEST_CASE(a_count_is_found_however_it_is_written) {
  struct {
    std::string_view text;
    std::uint64_t expected;
  } const cases[]{
      {"<msgsource><silence>0</silence><membercount>152</membercount></msgsource>", 152},
      {"<membercount>1</membercount>", 1},
      {"<membercount>500</membercount>", 500},
      {"<membercount>100000</membercount>", 100'000},
      {"<membercount>007</membercount>", 7},
      {"<membercount> 3\n</membercount>", 3},
      {"< membercount >\t3 < / membercount >", 3},
      {"&lt;msgsource&gt;&lt;membercount&gt;12&lt;/membercount&gt;", 12},
      {"&lt;membercount&gt; 12 &lt;/membercount&gt;", 12},
      {"membercount <membercount>4</membercount>", 4},
      {"<xmembercount>9</xmembercount><membercount>4</membercount>", 4},
      {"<membercount>4</membercount><membercount>4</membercount>", 4},
  };
  for (const auto& each : cases)
    BOOST_TEST((member_count_in(each.text) == each.expected), each.text);
}

BOOST_AUTO_TEST_CASE(what_is_no_plain_count_is_none) {
  for (const auto* text : {"",
                           "<msgsource></msgsource>",
                           "membercount",
                           "<membercount",
                           "<membercount>",
                           "<membercount>5",
                           "<membercount>5<",
                           "<membercount>5</membercount",
                           "<membercount>5<membercount>",
                           "<membercount>5</member>",
                           "<membercount/>",
                           "<membercount></membercount>",
                           "<membercount>0</membercount>",
                           "<membercount>-5</membercount>",
                           "<membercount>+5</membercount>",
                           "<membercount>5.5</membercount>",
                           "<membercount>5e3</membercount>",
                           "<membercount>0x5</membercount>",
                           "<membercount>five</membercount>",
                           "<membercount>5 6</membercount>",
                           "<membercount>100001</membercount>",
                           "<membercount>18446744073709551621</membercount>",
                           "<membercount>99999999999999999999999999999999</membercount>",
                           "<membercounts>5</membercounts>",
                           "membercount>5</membercount>",
                           "</membercount>5</membercount>",
                           "{\"membercount\":5}"})
    BOOST_TEST(!member_count_in(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(a_text_that_contradicts_itself_tells_nothing) {
  BOOST_TEST(!member_count_in("<membercount>4</membercount><membercount>5</membercount>").has_value());
  BOOST_TEST(!member_count_in("<membercount>x</membercount><membercount>5</membercount>").has_value());
  BOOST_TEST(!member_count_in("<membercount>5</membercount><membercount>0</membercount>").has_value());
}

BOOST_AUTO_TEST_CASE(a_long_text_is_searched_once) {
  std::string text;
  for (int i = 0; i < 50'000; ++i)
    text += "membercount   <";
  BOOST_TEST(!member_count_in(text + std::string(1'000'000, ' ')).has_value());
  BOOST_TEST((member_count_in(std::string(1'000'000, ' ') + "<membercount>5</membercount>") == 5U));
}

BOOST_AUTO_TEST_CASE(a_damaged_text_yields_a_possible_count_or_none) {
  const auto look = [](const std::string& text) {
    if (const auto count = member_count_in(text); count && (*count < 1 || *count > 100'000))
      BOOST_ERROR(text);
  };
  every_single_byte_mutation("<membercount> 15 </membercount>", look);
  random_mutations("&lt;membercount&gt;15&lt;/membercount&gt;<membercount>15</membercount>", 10'000, look);
}

BOOST_AUTO_TEST_SUITE_END()
