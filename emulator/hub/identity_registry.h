// SPDX-License-Identifier: Apache-2.0
// The identities and the shared access policies of one IoT hub (azure-iot-wire.md A). Pure. One thread.
#pragma once

#include "azure/sas_token.h"
#include "base/ids.h"

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace causeway::emulator {

// Azure gives everything two keys, so that one can be changed while the other is in use.
struct key_pair {
  azure::signing_key primary, secondary;

  key_pair clone() const { return {primary.clone(), secondary.clone()}; }
};

// The keys that belong to a name under a master pair: HMAC-SHA-256 over the name, as DPS derives them for a
// group (azure-iot-wire.md A.5).
key_pair derive_keys(const key_pair& master, std::string_view name);

struct hub_identity {
  key_pair keys;
  bool enabled = true;
  std::uint64_t generation = 0; // changes when an identity is deleted and made again
  std::uint64_t changes = 1;    // of keys or status, and the making: for its etag
};

struct hub_policy {
  key_pair keys;
  bool device_connect = false;
  bool service_connect = false; // reads what arrived, sends to devices, calls methods, has to do with twins
  bool registry_read = false;
  bool registry_write = false;
};

class identity_registry {
public:
  // hosts: names under which clients may address this hub, the first one being its own.
  explicit identity_registry(std::vector<std::string> hosts);

  const std::string& host() const { return hosts_.front(); }
  // A host name of this hub, with or without ":port", in any case.
  bool is_host(std::string_view host) const;

  void put_policy(const std::string& name, hub_policy policy);
  const hub_policy* find_policy(const std::string& name) const;

  // Makes the identity or gives it new keys and status; the generation stays when it was there.
  void put(const identity& id, key_pair keys, bool enabled);
  // False when there is none.
  bool set_enabled(const identity& id, bool enabled);
  bool remove(const identity& id);
  const hub_identity* find(const identity& id) const;
  std::size_t size() const { return identities_.size(); }
  // In the order of their names, beginning behind `after`.
  std::vector<identity> list(const std::string& after, std::size_t limit) const;

private:
  std::vector<std::string> hosts_;
  std::map<std::string, hub_policy> policies_;
  std::unordered_map<identity, hub_identity> identities_;
  std::uint64_t generations_ = 0;
};

} // namespace causeway::emulator
