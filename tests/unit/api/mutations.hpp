#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace rollcall::api::test {

using visitor = std::function<void(const std::string&)>;

/// Every text that differs from `text` by one byte: replaced by or preceded by any other, or removed.
void every_single_byte_mutation(std::string_view text, const visitor& visit);

/// `count` texts with one to four changes each: bytes, runs of bytes, or tokens that JSON parsers trip over. The same
/// ones in every run.
void random_mutations(std::string_view text, int count, const visitor& visit);

} // namespace rollcall::api::test
