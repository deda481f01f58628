// SPDX-License-Identifier: Apache-2.0
#include "stack/webhook_path.h"

#include "base/encoding.h"

#include <algorithm>
#include <array>

namespace causeway::stack {
namespace {

// The kinds of events as base URLs and paths write them.
constexpr auto kind_words = std::to_array<std::string_view>({"up",
                                                             "uplink",
                                                             "uplinks",
                                                             "uplink-message",
                                                             "uplink-messages",
                                                             "uplinkv3",
                                                             "up-tti",
                                                             "normalized",
                                                             "normalised",
                                                             "uplink-normalized",
                                                             "join",
                                                             "joins",
                                                             "join-accept",
                                                             "join-accepts",
                                                             "join-tti",
                                                             "down",
                                                             "downlink",
                                                             "downlinks",
                                                             "ack",
                                                             "ack-tti",
                                                             "downlink-ack",
                                                             "nack",
                                                             "downlink-nack",
                                                             "sent",
                                                             "sent-tti",
                                                             "downlink-sent",
                                                             "failed",
                                                             "downlink-failed",
                                                             "queued",
                                                             "queued-tti",
                                                             "downlink-queued",
                                                             "invalidated",
                                                             "queue-invalidated",
                                                             "downlink-queue-invalidated",
                                                             "location",
                                                             "locations",
                                                             "location-solved",
                                                             "service",
                                                             "service-data"});

// What else stands in the paths of documents and templates.
constexpr auto other_words = std::to_array<std::string_view>(
    {"api",      "application",  "applications", "capture",   "data",          "dev",          "device",
     "devices",  "event",        "events",       "ingress",   "input",         "integrations", "lorahooks",
     "lorawan",  "measurements", "message",      "messages",  "notification",  "post",         "push",
     "telegraf", "telemetry",    "test",         "thethings", "thingsnetwork", "tti",          "ttn",
     "tts",      "update",       "web-hook",     "webhook",   "webhooks"});

std::string plain(std::string_view word) {
  auto text = to_lower(word);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

template <class Words>
bool has_word(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), plain(word)) != words.end();
}

class segments {
public:
  explicit segments(std::string_view path) : rest_{path} {}

  // Empty at the end.
  std::string next() {
    skip_slashes();
    const auto one = rest_.substr(0, rest_.find('/'));
    rest_.remove_prefix(one.size());
    return percent_decode(one);
  }
  std::string_view rest() {
    skip_slashes();
    return rest_;
  }

private:
  void skip_slashes() { rest_.remove_prefix(std::min(rest_.find_first_not_of('/'), rest_.size())); }
  std::string_view rest_;
};

} // namespace

std::optional<webhook_path> read_path(std::string_view path) {
  constexpr std::string_view prefix = "/webhook/";
  if (!path.starts_with(prefix)) return std::nullopt;
  segments of{path.substr(prefix.size())};
  webhook_path read;
  read.application = of.next();
  if (read.application.empty()) return std::nullopt;
  read.more = of.rest();
  if (of.next() != "devices") return read;
  auto device = of.next();
  if (!has_word(kind_words, device)) read.device = std::move(device);
  return read;
}

bool is_needless(const webhook_path& path, std::string_view device) {
  return !path.more.empty() && path.device != device;
}

std::string way_to_name_devices(std::string_view application) {
  return "put end_device_ids into the webhook's field mask (Filter event data), or set its base URL to "
         "https://…/webhook/" +
         std::string{application} + "/devices{/devID}";
}

bool is_path_word(std::string_view word) {
  return has_word(kind_words, word) || has_word(other_words, word);
}

} // namespace causeway::stack
