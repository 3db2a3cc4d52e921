#pragma once

#include <cstdint>
#include <string_view>

namespace rollcall::standin {

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). Chosen over <random> because its sequence is the same on every
/// platform, and because seeding one for each member of each room costs nothing.
class random_source {
public:
  explicit random_source(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  /// Uniform in [0, bound). `bound` must fit 32 bits; 0 gives 0.
  std::uint64_t below(std::uint64_t bound) { return ((next() >> 32) * bound) >> 32; }

  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  bool chance(double probability) { return unit() < probability; }

private:
  std::uint64_t state_;
};

/// A seed made of another seed and a text: FNV-1a, finished by one SplitMix64 step so that similar texts part ways.
inline std::uint64_t seed_from(std::uint64_t seed, std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325 ^ seed;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return random_source(hash).next();
}

inline std::uint64_t seed_from(std::uint64_t seed, std::uint64_t number) {
  return random_source(random_source(seed).next() ^ number).next();
}

} // namespace rollcall::standin
