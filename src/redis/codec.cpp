#include "rollcall/redis/codec.hpp"

#include <boost/container/small_vector.hpp>
#include <hiredis/hiredis.h>

#include <cassert>
#include <new>

namespace rollcall::redis {
namespace {

/// An element costs its sender four bytes and us about eighty.
constexpr std::size_t elements_most = std::size_t{1} << 20;
/// The reader gives its buffer back when it is empty and larger than this.
constexpr std::size_t idle_buffer_most = std::size_t{1} << 20;

/// Puts `r` where the task says: into the array around it, or as the root. Called by hiredis, so nothing is thrown;
/// null makes it give the stream up.
void* place(const redisReadTask* task, reply r) noexcept {
  try {
    auto& elements = *static_cast<std::size_t*>(task->privdata);
    if (++elements > elements_most) {
      return nullptr;
    }
    if (task->parent == nullptr) {
      return new reply(std::move(r));
    }
    // hiredis finishes an array before it begins what follows, so the address holds for as long as it is used.
    return &static_cast<reply*>(task->parent->obj)->append(std::move(r));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* create_string(const redisReadTask* task, char* text, std::size_t size) noexcept {
  const auto kind = task->type == REDIS_REPLY_ERROR    ? reply::kind::error
                    : task->type == REDIS_REPLY_STATUS ? reply::kind::status
                                                       : reply::kind::text;
  try {
    return place(task, reply(kind, std::string(text, size)));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* create_array(const redisReadTask* task, int) noexcept {
  return place(task, reply(std::vector<reply>()));
}
void* create_integer(const redisReadTask* task, long long n) noexcept {
  return place(task, reply(std::int64_t{n}));
}
void* create_nil(const redisReadTask* task) noexcept {
  return place(task, reply());
}
void free_object(void* root) noexcept {
  delete static_cast<reply*>(root);
}

redisReplyObjectFunctions functions{create_string, create_array, create_integer, create_nil, free_object};

} // namespace

std::size_t formatted_size(std::span<const std::string_view> args) {
  constexpr std::size_t length_line = 24; // '$', up to twenty digits, CRLF, rounded up
  std::size_t size = length_line;
  for (auto a : args) {
    size += length_line + a.size() + 2;
  }
  return size;
}

void format(std::span<const std::string_view> args, std::string& out) {
  assert(!args.empty());
  boost::container::small_vector<const char*, 16> texts;
  boost::container::small_vector<std::size_t, 16> sizes;
  for (auto a : args) {
    texts.push_back(a.data());
    sizes.push_back(a.size());
  }
  char* command = nullptr;
  const int size = redisFormatCommandArgv(&command, static_cast<int>(args.size()), texts.data(), sizes.data());
  if (size < 0) {
    throw std::bad_alloc();
  }
  std::unique_ptr<char, decltype(&redisFreeCommand)> owned(command, redisFreeCommand);
  out.append(command, static_cast<std::size_t>(size));
}

void reply_reader::free_reader::operator()(redisReader* r) const noexcept {
  redisReaderFree(r);
}

reply_reader::reply_reader(std::size_t reply_most)
    : reader_(redisReaderCreateWithFunctions(&functions)), reply_most_(reply_most) {
  if (!reader_) {
    throw std::bad_alloc();
  }
  reader_->privdata = &elements_;
  reader_->maxbuf = idle_buffer_most;
}

void reply_reader::feed(std::string_view bytes) {
  unfinished_ += bytes.size();
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
}

std::expected<std::optional<reply>, std::string> reply_reader::next() {
  void* raw = nullptr;
  const int status = redisReaderGetReply(reader_.get(), &raw);
  std::unique_ptr<reply> root(static_cast<reply*>(raw));
  if (status != REDIS_OK) {
    return std::unexpected(elements_ > elements_most ? "a reply of too many elements" : printable(reader_->errstr));
  }
  if (root) {
    unfinished_ = reader_->len - reader_->pos;
    elements_ = 0;
    return std::optional(std::move(*root));
  }
  if (unfinished_ > reply_most_) {
    return std::unexpected("a reply of too many bytes");
  }
  return std::nullopt;
}

} // namespace rollcall::redis
