#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace support {

/// Real certificates, made by openssl(1) in a directory that goes with it: an authority, and what it signs.
class certificates {
public:
  certificates() {
    std::string name = (std::filesystem::temp_directory_path() / "rollcall-tls-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("no directory for certificates");
    directory_ = name;
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 "
        "-subj '/CN=Test authority'");
  }
  ~certificates() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  certificates(const certificates&) = delete;
  certificates& operator=(const certificates&) = delete;

  [[nodiscard]] std::string ca() const { return path("ca.pem"); }

  struct pair {
    std::string certificate;
    std::string key;
  };
  /// For `names`, as in "DNS:localhost,IP:127.0.0.1", signed by the authority; valid for `days` from now, or ended so
  /// long ago when they are negative.
  pair issue(std::string_view file, std::string_view names, int days = 2) {
    const std::string f(file);
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " + f + ".key -out " + f +
        ".csr -subj '/CN=" + f + "'");
    run("printf 'subjectAltName=" + std::string(names) + "' > " + f + ".ext");
    run("openssl x509 -req -in " + f + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -out " + f + ".pem -extfile " +
        f + ".ext -days " + std::to_string(days));
    return {path(f + ".pem"), path(f + ".key")};
  }

private:
  [[nodiscard]] std::string path(const std::string& file) const { return (directory_ / file).string(); }
  void run(const std::string& command) const {
    const auto whole = "cd '" + directory_.string() + "' && (" + command + ") > log 2>&1";
    if (const int status = std::system(whole.c_str()); !WIFEXITED(status) || WEXITSTATUS(status) != 0)
      throw std::runtime_error("failed: " + command);
  }

  std::filesystem::path directory_;
};

} // namespace support
