#include "rollcall/net/buffer_stock.hpp"

#include <utility>

namespace rollcall::net {

std::unique_ptr<session_buffers> buffer_stock::take() {
  std::unique_ptr<session_buffers> b;
  if (sets_.empty()) {
    b = std::make_unique<session_buffers>();
  } else {
    b = std::move(sets_.back());
    sets_.pop_back();
  }
  if (b->in.capacity() < read_most)
    b->in = spare_.capacity() > 0 ? std::exchange(spare_, {}) : read_buffer(read_most);
  return b;
}

void buffer_stock::put_back(std::unique_ptr<session_buffers> b) {
  if (sets_.size() == sets_most)
    return;
  b->in.shrink(read_most);
  b->body.shrink(read_most);
  if (b->kept_head.capacity() > read_most)
    std::string().swap(b->kept_head);
  sets_.push_back(std::move(b));
}

void buffer_stock::thin(session_buffers& b) {
  constexpr std::size_t little = 2048;
  if (b.in.capacity() < read_most || b.in.size() > little)
    return;
  read_buffer small;
  small.append(b.in.bytes());
  b.in.clear();
  if (spare_.capacity() == 0 && b.in.capacity() == read_most)
    spare_ = std::move(b.in);
  b.in = std::move(small);
}

} // namespace rollcall::net
