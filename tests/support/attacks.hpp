#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

/// Requests in which two servers could see two different ones. Each has `attack_body` as its body in one reading.
namespace support {

inline constexpr std::string_view attack_body = R"({"wId":"w","wcId":"1@chatroom"})";

struct attack {
  std::string name;
  std::string bytes;
  unsigned status = 400;
};

inline std::string line(std::string_view path) {
  return fmt::format("POST {} HTTP/1.1\r\n", path);
}
/// A sound request but for these fields, with the body behind it.
inline std::string with(std::string_view path, std::string_view fields) {
  return fmt::format("{}Host: localhost\r\n{}\r\n{}", line(path), fields, attack_body);
}
inline std::string sound(std::string_view path) {
  return with(path, fmt::format("Content-Length: {}\r\n", attack_body.size()));
}
inline std::string in_chunks(std::string_view path, std::string_view chunks) {
  return fmt::format("{}Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{}", line(path), chunks);
}
inline std::string chunk(std::string_view data, std::string_view extension = {}) {
  return fmt::format("{:x}{}\r\n{}\r\n", data.size(), extension, data);
}

inline std::vector<attack> bad_heads(const std::string& path) {
  const auto length = fmt::format("Content-Length: {}\r\n", attack_body.size());
  const auto coded = chunk(attack_body) + "0\r\n\r\n";
  return {
      {"length, then coding", with(path, length + "Transfer-Encoding: chunked\r\n")},
      {"coding, then length", with(path, "Transfer-Encoding: chunked\r\n" + length)},
      {"coding, no length", with(path, "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n")},
      {"a coding that is not supported", with(path, "Transfer-Encoding: gzip\r\n"), 501},
      {"a coding within chunked",
       in_chunks(path, coded).replace(line(path).size() + 17, 18, "Transfer-Encoding: gzip,"), 501},
      {"a coding that looks like chunked", with(path, "Transfer-Encoding: xchunked\r\n"), 501},
      {"two codings", with(path, "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), 501},
      {"a coding in HTTP/1.0",
       fmt::format("POST {} HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{}", path, coded)},
      {"a coding with a vertical tab", with(path, "Transfer-Encoding: \vchunked\r\n" + length)},
      {"a coding with a space before the colon", with(path, "Transfer-Encoding : chunked\r\n" + length)},
      {"two lengths", with(path, length + "Content-Length: 0\r\n")},
      {"two equal lengths", with(path, length + length)},
      {"a list of lengths", with(path, "Content-Length: 5, 5\r\n")},
      {"a signed length", with(path, "Content-Length: +5\r\n")},
      {"a negative length", with(path, "Content-Length: -5\r\n")},
      {"a hexadecimal length", with(path, "Content-Length: 0x5\r\n")},
      {"a length that overflows", with(path, "Content-Length: 18446744073709551621\r\n")},
      {"an empty length", with(path, "Content-Length:\r\n")},
      {"a length in a bare line", with(path, "X: y\nContent-Length: 5\r\n")},
      {"a length behind a bare CR", with(path, length + "X: y\rContent-Length: 0\r\n")},
      {"a folded field", with(path, length + "X: a\r\n b\r\n")},
      {"a folded field that begins empty", with(path, "Content-Length:\r\n 5\r\n")},
      {"a folded coding", with(path, length + "X:\r\n\tTransfer-Encoding: chunked\r\n")},
      {"a NUL in a field", with(path, length + std::string("X: a\0b\r\n", 8))},
      {"a control byte in a field", with(path, length + "X: a\x01\r\n")},
      {"a control byte in the target", with(path + "\x01", length)},
      {"no host", fmt::format("{}{}\r\n{}", line(path), length, attack_body)},
      {"two hosts", with(path, length + "Host: localhost\r\n")},
      {"a host with a path", fmt::format("{}Host: a/b\r\n{}\r\n{}", line(path), length, attack_body)},
      {"another host", with("http://elsewhere" + path, length)},
      {"another scheme", with("https://localhost" + path, length)},
      {"a host with a user", with("http://user@localhost" + path, length)},
      {"a fragment", with(path + "#x", length)},
      {"an asterisk", with("*", length)},
      {"no path", with("getChatRoomMember", length)},
      {"a tunnel", fmt::format("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n"), 501},
      {"HTTP/0.9", fmt::format("POST {}\r\n\r\n", path)},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)},
      {"bare line ends", fmt::format("POST {} HTTP/1.1\nHost: localhost\n\n", path)},
      {"a field too long", with(path, length + "X: " + std::string(17'000, 'a') + "\r\n"), 431},
      {"a field without an end", line(path) + "X: " + std::string(40'000, 'a'), 431},
      {"a name too long", with(path, std::string(17'000, 'a') + ": b\r\n"), 431},
      {"a target too long", with(path + "?" + std::string(17'000, 'a'), length), 431},
      {"too many fields",
       with(
           path, length +
                     [] {
                       std::string fields;
                       for (int i = 0; i < 200; ++i)
                         fields += "X: y\r\n";
                       return fields;
                     }()),
       431},
  };
}

inline std::vector<attack> bad_chunks(const std::string& path) {
  const auto begin = chunk(attack_body.substr(0, 10));
  const std::string rest(attack_body.substr(10));
  const std::string end = "0\r\n\r\n";
  const auto size = fmt::format("{:x}", rest.size());
  return {
      {"no size", in_chunks(path, begin + "x\r\n" + rest + "\r\n" + end)},
      {"a signed size", in_chunks(path, begin + "+" + size + "\r\n" + rest + "\r\n" + end)},
      {"a prefixed size", in_chunks(path, begin + "0x" + size + "\r\n" + rest + "\r\n" + end)},
      {"a size that overflows", in_chunks(path, begin + "100000000000000" + size + "\r\n" + rest + "\r\n" + end)},
      {"a huge size", in_chunks(path, begin + "ffffffffffffffff\r\n" + rest + "\r\n" + end), 413},
      {"a huge size at once", in_chunks(path, "ffffffffffffffff\r\n" + rest + "\r\n" + end), 413},
      {"a bare LF behind the size", in_chunks(path, begin + size + "\n" + rest + "\r\n" + end)},
      {"a bare CR behind the size", in_chunks(path, begin + size + "\rx" + rest + "\r\n" + end)},
      {"nothing behind the data", in_chunks(path, begin + size + "\r\n" + rest + end)},
      {"more data than announced", in_chunks(path, begin + size + "\r\nx" + rest + "\r\n" + end)},
      {"a control byte in an extension", in_chunks(path, begin + size + ";a=\x01\r\n" + rest + "\r\n" + end)},
      {"a line end in a quoted extension", in_chunks(path, begin + size + ";a=\"\r\n\"\r\n" + rest + "\r\n" + end)},
      {"a bare LF in an extension", in_chunks(path, begin + size + ";a\nb\r\n" + rest + "\r\n" + end)},
      {"an extension that does not end", in_chunks(path, begin + size + ";a=\"\r\n" + rest + "\r\n" + end)},
      {"an endless extension", in_chunks(path, begin + size + ";a=" + std::string(40'000, 'b'))},
      {"a trailer with a length", in_chunks(path, begin + chunk(rest) + "0\r\nContent-Length: 99\r\n\r\n")},
      {"a trailer with a coding", in_chunks(path, begin + chunk(rest) + "0\r\nTransfer-Encoding: chunked\r\n\r\n")},
      {"a trailer that is none", in_chunks(path, begin + chunk(rest) + "0\r\nx\r\n\r\n")},
      {"an endless trailer", in_chunks(path, begin + chunk(rest) + "0\r\nX: " + std::string(40'000, 'b'))},
  };
}

} // namespace support
