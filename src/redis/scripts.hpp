#pragma once

#include "rollcall/redis/reply.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// What the store lets Redis do in one step. Lua 5.1, for Redis 6.0 and later; every key that a script touches is
/// passed to it, and all keys of one call are in one slot of a cluster.
namespace rollcall::redis {

class script {
public:
  /// `keys`: how many of its arguments are keys; they come first.
  script(std::size_t keys, std::string text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// The name by which Redis knows the script once it has seen the text: 40 hex digits.
  [[nodiscard]] const std::string& sha1() const noexcept { return sha1_; }
  /// The number of keys, as EVAL takes it.
  [[nodiscard]] const std::string& keys() const noexcept { return keys_; }

private:
  std::string keys_;
  std::string text_;
  std::string sha1_;
};

/// KEYS: value, lease. ARGV: token, life of the lease; then what is good enough: what a value begins with, now, fresh,
/// fetched at or after, fetched at or before, and two versions that will not do, or empty. Times in milliseconds.
///
/// Returns the value or nil, and then `good`, `leased`, or `held` with the milliseconds that the holder has left, or
/// `refused` with the error that kept Redis from lending the lease.
const script& claim_script();

/// KEYS: value. ARGV: a version. 1 when the value has it, otherwise the value or nil.
const script& verify_script();

/// KEYS: lease. ARGV: token, life. 1, or 0 when the lease is not ours.
const script& renew_script();

/// KEYS: lease. ARGV: token. 1, or 0 when the lease is not ours.
const script& release_script();

/// KEYS: value, lease. ARGV: token, the new value, its life. 1, or 0 when the lease is not ours. The lease ends in any
/// case: what Redis refuses now it will refuse again.
const script& put_script();

/// KEYS: value, lease. ARGV: the tombstone, its life, what tombstones begin with. 1 when there was a value, or 0.
const script& purge_script();

/// KEYS: an index. ARGV: the identity, until when it is to stay, which members may go because they were to stay until
/// then at most (both in milliseconds since 1970), life of the index. 1.
const script& enlist_script();

/// KEYS: a signal. No ARGV. 1.
const script& signal_script();

/// The word that names an error's kind: LOADING, OOM, READONLY ... Redis 6 packs those that a script meets into others.
/// A view into `error`.
std::string_view kind_of(std::string_view error);

/// `r` says that the keys of one command are not at one node, because their slot of a cluster is being moved. Commands
/// for one key at a time are carried out all the same.
bool are_apart(const reply& r);

} // namespace rollcall::redis
