// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/broker_child.h"

#include "net/stream.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace causeway::bench {
namespace {

constexpr seconds start_patience{10};
constexpr milliseconds between_looks{20};

// Debian has it in sbin, which is in the path of administrators only.
result<std::string> program(const char* name) {
  for (const auto* folder : {"/usr/sbin/", "/usr/local/sbin/", "/usr/bin/", "/usr/local/bin/"})
    if (auto path = std::string{folder} + name; std::filesystem::exists(path)) return path;
  return error{errc::process_exited, std::string{name} + " is not installed (Debian's package mosquitto)"};
}

result<void> write_file(const std::string& path, const std::string& text) {
  std::ofstream out{path, std::ios::binary};
  out << text;
  out.close();
  if (!out) return error{errc::state_unusable, path};
  std::filesystem::permissions(path,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return {};
}

} // namespace

broker_child::broker_child(net::loop& on, std::string directory, std::uint16_t port)
    : loop_{on}, directory_{std::move(directory)}, port_{port} {}

net::task<result<void>> broker_child::start(std::vector<user> users) {
  const auto broker = program("mosquitto"), passwords = program("mosquitto_passwd");
  if (!broker) co_return broker.fault();
  if (!passwords) co_return passwords.fault();
  std::filesystem::create_directories(directory_);
  const auto users_file = directory_ + "/users", acl_file = directory_ + "/acl",
             configuration = directory_ + "/mosquitto.conf";
  std::string acl, plain;
  for (const auto& one : users) {
    plain += one.name + ":" + one.password + "\n";
    acl += fmt::format("user {}\ntopic readwrite v3/{}#\n\n", one.name, one.everything ? "" : one.name + "/");
  }
  if (auto written = write_file(users_file, plain); !written) co_return written;
  if (auto written = write_file(acl_file, acl); !written) co_return written;
  // What nobody is subscribed to is gone, as with the stack; a burst to who is slow is not.
  const auto text =
      fmt::format("user root\nallow_anonymous false\npassword_file {}\nacl_file {}\npersistence false\n"
                  "max_queued_messages 0\nlog_dest none\nlistener {} 127.0.0.1\n",
                  users_file, acl_file, port_);
  if (auto written = write_file(configuration, text); !written) co_return written;
  std::vector<std::string> hash{*passwords, "-U", users_file};
  auto hashing = net::process::start(loop_, hash, true);
  if (!hashing) co_return std::move(hashing).fault();
  if (co_await hashing->wait() != 0) co_return error{errc::process_exited, *passwords};
  std::vector<std::string> arguments{*broker, "-c", configuration};
  auto started = net::process::start(loop_, arguments, true);
  if (!started) co_return std::move(started).fault();
  process_.emplace(std::move(*started));
  const auto deadline = loop_.now().mono + start_patience;
  while (process_->running() && loop_.now().mono < deadline) {
    net::connect_options there;
    there.host = "127.0.0.1";
    there.port = port_;
    if (const auto open = co_await net::connect(std::move(there)); open) co_return result<void>{};
    static_cast<void>(co_await net::sleep_for(between_looks));
  }
  co_return error{errc::process_exited, fmt::format("{} does not listen at {}", *broker, address())};
}

} // namespace causeway::bench
