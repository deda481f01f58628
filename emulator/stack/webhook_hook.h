// SPDX-License-Identifier: Apache-2.0
// A webhook of The Things Stack as its sender sees it (things-stack-wire.md B): where it goes, what it says,
// how often it tries, whether it is healthy. Pure. One thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::emulator {

// What the webhook object says (B.1).
struct webhook_settings {
  std::string base_url; // may hold templates behind the host
  std::string path;     // of uplink messages, joined to it; may hold templates
  std::vector<std::pair<std::string, std::string>> headers;
  std::string downlink_api_key;        // empty: none is set
  std::vector<std::string> field_mask; // paths of ApplicationUp; empty: everything
};

// Whom a message is about.
struct webhook_subject {
  std::string_view application, device, dev_eui, join_eui, dev_addr;
};

class webhook_hook {
public:
  // stack_url: of the Application Server, "https://localhost:15885/api/v3". Errors: config_invalid_value.
  static result<webhook_hook> make(webhook_settings settings, std::string stack_url);

  const std::string& host() const { return host_; }
  std::uint16_t port() const { return port_; }
  bool is_tls() const { return tls_; }
  // "tls host:port": what connections are kept by.
  const std::string& endpoint() const { return endpoint_; }

  // A whole HTTP/1.1 request, as Go's client writes it.
  std::string make_request(const webhook_subject& about, std::string_view body) const;
  // The body with what the field mask leaves of it and, when varied, in another text with the same meaning.
  std::string make_body(std::string body, bool varied, std::uint64_t seed) const;

private:
  webhook_hook() = default;
  std::string target_of(const webhook_subject& about) const;

  webhook_settings settings_;
  std::string stack_url_;
  std::string host_, authority_, endpoint_;
  std::string path_; // with templates
  bool has_templates_ = false;
  std::string target_; // where it has none
  std::uint16_t port_ = 0;
  bool tls_ = false;
};

// When a message is tried again (B.4): seven tries, 4, 8 and then four times 15 minutes apart, 15 % more or
// less.
class webhook_retries {
public:
  static constexpr int tries = 7;
  static constexpr std::chrono::seconds time_out{10};

  // minute: how long one of its minutes lasts; 0: there are no retries.
  explicit webhook_retries(std::chrono::milliseconds minute = {}) : minute_{minute} {}
  bool is_on() const { return minute_.count() > 0; }
  // The pause behind this try, from 1 on; nothing: it was the last one. chance: in [0, 1).
  std::optional<std::chrono::nanoseconds> pause_behind(int tried, double chance) const;

private:
  std::chrono::milliseconds minute_;
};

// Whether a hook that fails is given up for a while (B.5).
struct webhook_health_options {
  std::uint64_t threshold = 0; // failures one after the other; 0: the status is only recorded
  std::chrono::milliseconds interval{0};
};

class webhook_health {
public:
  explicit webhook_health(webhook_health_options options) : options_{options} {}

  bool may_send(mono_time now) const;
  void on_success() { failures_ = 0; }
  void on_failure(moment now);
  std::uint64_t failures() const { return failures_; }
  wall_time last_failure() const { return last_failure_.wall; }

private:
  webhook_health_options options_;
  std::uint64_t failures_ = 0;
  moment last_failure_{};
};

} // namespace causeway::emulator
