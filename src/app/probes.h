// SPDX-License-Identifier: Apache-2.0
// The single trials of online_check. For app's own .cpp files. Loop's thread only.
#pragma once

#include "app/online_check.h"
#include "cloud/azure_section.h"
#include "net/http_client.h"
#include "tts/access.h"

#include <map>

namespace causeway::app {

// What all trials of one check share; outlives them.
struct probing {
  net::loop& loop;
  const config::configuration& from;
  milliseconds patience;
  std::map<std::string, seconds> clocks; // how far this machine's clock is ahead, by whose Date said so

  // Notes the answer's Date under whose.
  void note_date(const std::string& whose, const net::http_answer& answer, std::chrono::nanoseconds took);
};

using check_lines = std::vector<check_line>;

struct hub_trial {
  const cloud::azure_section* section = nullptr;
  azure::hub_address hub;
  bool second_key = false;        // signs with second_policy
  std::optional<identity> device; // to be attached; else why not:
  std::string no_device;
};
// TLS, OPEN, the policy's token, and the attach of a device.
net::task<check_lines> try_hub(probing* shared, hub_trial what);
// TLS, id scope and key, by the status look-up of a registration: that registers nobody, and is not billed.
net::task<check_lines> try_dps(probing* shared, const cloud::azure_section* section);

struct key_trial {
  const config::application_settings* application = nullptr;
  std::size_t index = 0; // among the applications
  bool for_mqtt = false; // the key that MQTT alone uses
};
// The key's rights, its end, its application; with them, what the application's webhooks send.
net::task<check_lines> try_api_key(probing* shared, key_trial what);

// What is wrong with the webhooks for what the file asks. Pure.
check_lines judge_webhooks(const config::configuration& from, const config::application_settings& application,
                           const std::vector<tts::stack_webhook>& hooks);

} // namespace causeway::app
