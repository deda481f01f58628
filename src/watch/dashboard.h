// SPDX-License-Identifier: Apache-2.0
// The dashboard's files, as the program carries them. They hold nothing of the gateway; what they show comes
// from the API. A program that was built without Node has none, and says so. Pure; any thread.
#pragma once

#include "net/http_message.h"

#include <span>
#include <string_view>

namespace causeway::watch {

struct dashboard_file {
  std::string_view path; // "/", "/assets/index-Ab12Cd34.js"
  std::string_view content_type;
  std::string_view content;
};

// Of this build; made by web/embed.mjs, or none (no_dashboard.cpp).
std::span<const dashboard_file> dashboard_files();

// Whether the path is one of the dashboard's.
bool is_of_dashboard(std::string_view path);
// Precondition: the path is one of the dashboard's.
net::http_response show_dashboard(std::string_view path);
// What browsers are told with every answer of the admin listeners: no scripts, styles, frames or addresses of
// others, nothing guessed, nothing kept that is the gateway's.
void add_safeguards(net::http_response& to);

} // namespace causeway::watch
