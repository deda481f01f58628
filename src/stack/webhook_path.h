// SPDX-License-Identifier: Apache-2.0
// The paths that webhooks of The Things Stack are posted to: /webhook/{application_id} and anything behind
// it, for the stack's documents, its templates and people put all kinds of words there
// (tests/data/webhooks/paths.txt). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace causeway::stack {

struct webhook_path {
  std::string application;
  // Only from its own place, /webhook/{application_id}/devices/{device_id}[/…], and none of the stack's words
  // for the kinds of events there: whoever forgets the variable has not named a device. Empty: the path names
  // none.
  std::string device;
  std::string more; // what stands behind the application; empty: nothing
};

// path: without a query. Doubled and trailing slashes do not count. Nothing for another path, and without an
// application.
std::optional<webhook_path> read_path(std::string_view path);

// Whether the path has something to say beside a body that names this device.
bool is_needless(const webhook_path& path, std::string_view device);

// How to name the device to a webhook whose body does not: for the error.
std::string way_to_name_devices(std::string_view application);

// Whether documents or templates of the stack have this word in a path, in whatever case and with `_` or `-`:
// no device's name, most probably.
bool is_path_word(std::string_view word);

} // namespace causeway::stack
