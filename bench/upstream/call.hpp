#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::standin {

using request = boost::beast::http::request<boost::beast::http::string_body>;

/// A request as the platform's endpoints see it: path, query and the fields of its JSON body. Refers to the request,
/// which must outlive it. A body that is not a JSON object has no fields.
class call {
public:
  explicit call(const request& from);
  call(const call&) = delete;
  call& operator=(const call&) = delete;

  [[nodiscard]] std::string_view path() const { return path_; }

  /// The value of a parameter of the query string, not unescaped; empty when it is not there.
  [[nodiscard]] std::string_view parameter(std::string_view name) const;

  /// The same as a number; `otherwise` when it is not there, `limit` + 1 when it is not a number up to `limit`.
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t otherwise, std::uint64_t limit) const;

  [[nodiscard]] bool has(std::string_view field) const { return fields_.contains(field); }

  /// A field of the body that is a string; empty when it is anything else.
  [[nodiscard]] std::string_view text(std::string_view field) const;

  /// A field that is an integer, or a string that holds one; -1 when it is anything else.
  [[nodiscard]] std::int64_t integer(std::string_view field) const;

  /// The instance; empty when it is missing or absurdly long.
  [[nodiscard]] std::string_view wid() const;

  /// The room under whichever name it travelled; empty when none is there or it is no room's id.
  [[nodiscard]] std::string_view room() const;

  /// The people meant: `userList` ("a,b"), or `wcId` unless that is a room.
  [[nodiscard]] std::vector<std::string> users() const;

private:
  std::string_view path_;
  std::string_view query_;
  std::array<unsigned char, 2048> scratch_; // enough for ordinary bodies, so that reading them allocates nothing
  boost::json::monotonic_resource memory_;
  boost::json::object fields_;
};

} // namespace rollcall::standin
