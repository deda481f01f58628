// SPDX-License-Identifier: Apache-2.0
#include "causeway/verb_support.h"

#include "amqp/engine.h"
#include "base/clock.h"
#include "base/mask.h"
#include "causeway/json_field.h"
#include "causeway/load_configuration.h"
#include "causeway/system_facts.h"
#include "causeway/tar_file.h"
#include "config/masked.h"
#include "watch/printable.h"

#include <boost/version.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <vector>

namespace causeway {
namespace {

constexpr std::chrono::seconds patience{10}; // for each question
constexpr std::size_t log_lines = 1'000, longest_line = 64 * 1024;

struct piece {
  std::string name, meaning, content;
  std::string missing; // why it is not there; empty: it is
};

// Also where nobody expects a secret: what a hub or a server has said may stand in any of these.
piece made(std::string name, std::string meaning, const std::string& content) {
  return {std::move(name), std::move(meaning), mask_secrets(content), {}};
}

piece not_there(std::string name, std::string meaning, const std::string& why) {
  return {std::move(name), std::move(meaning), {}, mask_secrets(why)};
}

std::string describe_version() {
  return fmt::format("causeway {}\nProton {} (AMQP)\ncompiler {}\nBoost {}\n", CAUSEWAY_VERSION,
                     std::string{amqp::engine_version()}, __VERSION__, BOOST_LIB_VERSION);
}

bool is_file(std::string_view name, const std::filesystem::path& folder) {
  std::error_code bad;
  return std::filesystem::is_regular_file(folder / name, bad);
}

piece configuration_piece(const std::string& file) {
  constexpr const char* name = "configuration.txt";
  constexpr const char* meaning = "the configuration without secrets, comments and unknown keys";
  if (file.empty()) return not_there(name, meaning, "give it with -c");
  std::ifstream in{file};
  if (!in) return not_there(name, meaning, file + ": " + std::strerror(errno));
  std::ostringstream text;
  text << in.rdbuf();
  const auto read = config::parse_toml(text.str());
  if (!read.root) return not_there(name, meaning, "it is no TOML: see check.txt");
  const auto folder = std::filesystem::path{file}.parent_path();
  return made(name, meaning, config::show_masked(*read.root, [&](std::string_view secret_file) {
                return is_file(secret_file, folder);
              }));
}

piece log_piece(const std::string& file) {
  constexpr const char* name = "log.txt";
  const auto meaning = fmt::format("the last {} lines of {}", log_lines, file == "-" ? "stdin" : file);
  std::ifstream opened;
  if (file != "-") {
    opened.open(file);
    if (!opened) return not_there(name, meaning, std::strerror(errno));
  }
  std::deque<std::string> last;
  for (std::string line; std::getline(file == "-" ? std::cin : opened, line);) {
    last.push_back(line.substr(0, longest_line));
    if (last.size() > log_lines) last.pop_front();
  }
  std::string all;
  for (const auto& one : last)
    all += one + "\n";
  return made(name, meaning, all);
}

// The lines that a running gateway has kept.
std::string kept_lines(const std::string& body) {
  const auto answer = read_object(body);
  if (!answer) return body;
  std::string all;
  for (const auto& one : array_of(*answer, "lines"))
    if (one.is_string()) all += std::string{one.get_string()} + "\n";
  return all;
}

void ask_gateway(const std::string& socket, bool with_log, std::vector<piece>& into) {
  const struct {
    const char *name, *path, *meaning;
  } questions[] = {
      {"status.json", "/api/status",
       "what `causeway status` shows: ready or why not, devices by state, hubs, budgets"},
      {"plan.json", "/api/plan", "what a start would do now"},
      {"parked.json", "/api/devices?state=parked&limit=100",
       "the first 100 parked devices, by name, and why they are"},
      {"metrics.txt", "/metrics", "the metrics; they name hubs, sections and applications"},
      {"log.txt", "/api/log?limit=1000",
       "the gateway's last 1,000 log lines since its start; they name devices"},
  };
  const admin_client client{socket};
  std::string gone = socket.empty() ? "no socket is known: the configuration cannot be read" : "";
  for (const auto& one : questions) {
    const bool is_log = std::string_view{one.name} == "log.txt";
    if (is_log && !with_log) continue;
    if (!gone.empty()) {
      into.push_back(not_there(one.name, one.meaning, gone));
      continue;
    }
    const auto body = client.call("GET", one.path, patience);
    if (body) {
      into.push_back(made(one.name, one.meaning, is_log ? kept_lines(*body) : *body));
      continue;
    }
    into.push_back(not_there(one.name, one.meaning, body.fault().message()));
    if (body.fault().code() == errc::gateway_not_running) gone = "the gateway does not answer";
  }
}

std::string contents_of(const std::vector<piece>& pieces) {
  std::string out = "What is in this file. No key, token or password is, and no message of a device.\n\n";
  for (const auto& one : pieces)
    out += one.missing.empty()
               ? fmt::format("{:<18} {} ({} bytes)\n", one.name, one.meaning, one.content.size())
               : fmt::format("{:<18} MISSING: {}: {}\n", one.name, one.meaning, one.missing);
  return out;
}

// Created for its owner alone. False: errno says why.
bool write_new(const std::string& name, std::string_view content) {
  const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return false;
  bool good = true;
  while (good && !content.empty()) {
    const auto written = ::write(file, content.data(), content.size());
    good = written > 0 || (written < 0 && errno == EINTR);
    if (written > 0) content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (good) good = ::close(file) == 0;
  if (good) return true;
  const int why = errno;
  ::unlink(name.c_str());
  errno = why;
  return false;
}

} // namespace

int verb_support(const support_options& options) {
  std::vector<piece> pieces;
  pieces.push_back(made("version.txt", "the program and its libraries", describe_version()));
  std::string socket = options.where.socket;
  std::filesystem::path state;
  pieces.push_back(configuration_piece(options.where.configuration));
  if (!options.where.configuration.empty()) {
    const auto report = read_configuration(options.where.configuration, purpose::check);
    std::string lines;
    for (const auto& one : report.lines())
      lines += one + "\n";
    pieces.push_back(made("check.txt", "what `causeway check --offline` finds",
                          lines.empty() ? "no fault, no warning\n" : lines));
    if (const auto* read = report.readable()) {
      socket = read->admin.socket.string();
      state = read->state.directory;
    }
  }
  pieces.push_back(made("system.txt",
                        "kernel, memory, limits, and the state directory's file system and file sizes",
                        describe_system(state)));
  ask_gateway(socket, options.log.empty(), pieces);
  if (!options.log.empty()) pieces.push_back(log_piece(options.log));

  const auto now = system_clock{}.now().wall;
  auto stamp = format_rfc3339(now).substr(0, 19);
  std::erase_if(stamp, [](char c) { return c == ':' || c == '-'; });
  const auto title = "causeway-support-" + stamp;
  const auto contents = contents_of(pieces);
  tar_file archive{static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count())};
  archive.add(title + "/CONTENTS.txt", contents);
  for (const auto& one : pieces)
    if (one.missing.empty()) archive.add(title + "/" + one.name, one.content);
  const auto packed = archive.gzipped();
  if (!packed) return report("support", error{errc::internal, "no memory to pack it"});
  const auto output = options.output.empty() ? title + ".tar.gz" : options.output;
  if (!write_new(output, *packed)) {
    std::cerr << "causeway support: " << watch::printable(output) << ": " << std::strerror(errno) << '\n';
    return 1;
  }
  fmt::print("{}\nwritten: {} ({} bytes, readable by you alone). Look into it before you pass it on.\n",
             watch::printable_lines(contents), watch::printable(output), packed->size());
  return 0;
}

} // namespace causeway
