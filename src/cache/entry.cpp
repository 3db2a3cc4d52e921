#include "rollcall/cache/entry.hpp"

#include "footprint.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <new>
#include <stdexcept>
#include <string_view>

namespace rollcall::cache {
namespace {

/// RFC 9110 section 5.5: visible bytes, space, tab, and obs-text.
bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
  });
}

constexpr std::string_view type_name = "Content-Type: ";
constexpr std::string_view coding_name = "Content-Encoding: ";
constexpr std::string_view length_name = "Content-Length: ";
constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

constexpr std::string_view usual_type = "application/json;charset=UTF-8";

} // namespace

variant_ptr variant::make(std::string_view content_type, std::string_view coding, std::string_view body) {
  std::array<char, 20> digits;
  const auto [end, _] = std::to_chars(digits.begin(), digits.end(), body.size());
  const std::string_view length(digits.begin(), end);
  const bool usual = content_type == usual_type;
  if (usual || !is_field_value(content_type))
    content_type = {};

  auto head = length_name.size() + length.size() + head_end.size();
  if (!content_type.empty())
    head += type_name.size() + content_type.size() + line_end.size();
  if (!coding.empty())
    head += coding_name.size() + coding.size() + line_end.size();
  const auto size = head + body.size();
  if (size < body.size() || size > std::numeric_limits<std::uint32_t>::max() - sizeof(variant) || head >> 30 != 0)
    throw std::length_error("a body above 4 GiB");

  // One block, exactly large enough: these bytes are most of what the memory cache holds.
  void* block = page_store::instance().take(sizeof(variant) + size);
  const bool paged = block != nullptr;
  if (!paged)
    block = ::operator new(sizeof(variant) + size);
  const variant_ptr made(new (block)
                             variant(static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(head), usual, paged));
  char* to = static_cast<char*>(block) + sizeof(variant);
  const auto append = [&to](std::initializer_list<std::string_view> texts) {
    for (const auto text : texts)
      to = std::ranges::copy(text, to).out;
  };
  if (!content_type.empty())
    append({type_name, content_type, line_end});
  if (!coding.empty())
    append({coding_name, coding, line_end});
  append({length_name, length, head_end, body});
  return made;
}

std::string_view variant::content_type() const noexcept {
  if (is_usual())
    return usual_type;
  const auto all = bytes();
  return all.starts_with(type_name) ? all.substr(type_name.size(), all.find(line_end) - type_name.size())
                                    : std::string_view();
}

std::size_t variant::footprint() const noexcept {
  const auto block = sizeof(variant) + size_;
  return paged_ ? page_store::footprint(block) : malloc_footprint(block);
}

void intrusive_ptr_release(const variant* v) noexcept {
  if (v->users_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    const auto block = sizeof(variant) + v->size_;
    const bool paged = v->paged_;
    v->~variant();
    if (paged)
      page_store::instance().give_back(const_cast<variant*>(v), block);
    else
      ::operator delete(const_cast<variant*>(v));
  }
}

std::size_t entry::bytes() const noexcept {
  return shared_footprint<entry>() + (id.block() > 0 ? malloc_footprint(id.block()) : 0) +
         (plain ? plain->footprint() : 0) + (gzip ? gzip->footprint() : 0);
}

} // namespace rollcall::cache
