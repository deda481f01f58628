// SPDX-License-Identifier: Apache-2.0
// `causeway devices` and what it can show of one. A device is named DEVICE, or APPLICATION/DEVICE where
// several applications have one of that id.
#pragma once

#include "causeway/admin_client.h"

namespace causeway {

struct devices_options {
  admin_address where;
  std::string state, application;                // empty: all
  std::string device;                            // of show, why, forget and waterfall
  bool unlisted = false, never_attached = false; // forget many
  bool drop_messages = false;                    // forget those that messages wait for, too
  bool all = false;                              // waterfall of many
  bool commands = false;                         // waterfall of one's last commands
  std::string output;                            // of waterfall; "-" = stdout
  bool json = false;
};

// 0: shown. 1: no gateway answers, or it does not know the device. 2: the configuration cannot be used.
int verb_devices(const devices_options& options);
int verb_devices_show(const devices_options& options);
int verb_devices_why(const devices_options& options);
int verb_devices_forget(const devices_options& options);
int verb_devices_waterfall(const devices_options& options);

} // namespace causeway
