// SPDX-License-Identifier: Apache-2.0
// The registry API of The Things Stack, as far as a gateway reads it (things-stack-wire.md E): list and get
// the devices of an application with its API key, paging by offset, field masks, rate limits. A pure function
// from request to response: time is a parameter, no sockets. One thread.
#pragma once

#include "base/clock.h"
#include "emulator/hub/faults.h"
#include "emulator/hub/gcra_bucket.h"
#include "emulator/stack/registered_devices.h"
#include "emulator/stack/stack_error.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::emulator {

struct registry_options {
  std::optional<std::uint32_t> requests_per_minute; // of each API key; absent: no limit
};

// What PUT /registry/{app}/{dev} of the control API says; what is absent stays as it is.
struct registered_device_change {
  std::optional<std::string> name, dev_eui;
  std::optional<attribute_list> attributes;
};

// What the event stream says of.
struct registry_change {
  enum class kind : std::uint8_t { created, updated, deleted };
  kind what{};
  std::string application;
  std::vector<std::string> devices;
  std::vector<std::string> paths{}; // that an update has written
};

struct registry_totals {
  std::uint64_t lists = 0;   // requests
  std::uint64_t changes = 0; // for what has changed
  std::uint64_t lookups = 0; // of one device
  std::uint64_t refused = 0; // answered with 400 or more
  std::map<int, std::uint64_t> answers;
};

class stack_registry {
public:
  // faults must live longer. seed: makes correlation ids this emulator's own.
  stack_registry(fault_table& faults, registry_options options, std::string seed);
  stack_registry(const stack_registry&) = delete;
  stack_registry& operator=(const stack_registry&) = delete;

  registry_response handle(const registry_request& request, moment now);

  // Told of each change when it has been made.
  void on_change(std::function<void(const registry_change& what, wall_time now)> watch) {
    watch_ = std::move(watch);
  }

  // For the stack's other interfaces too. The answer to a request without a key, or with one that is unknown
  // or another application's; nothing when it may pass.
  std::optional<registry_response> authorize(const std::string& application, std::string_view key);
  // What a fault of this kind says.
  std::optional<registry_response> refuse_for_fault(fault_kind kind, const std::string& application);
  registry_response fail(const stack_fault& what);

  // Makes the application; its devices were created before the first start of time, one a millisecond, in the
  // order given.
  void add_application(const std::string& id, std::string api_key, std::vector<std::string> devices);
  bool has_application(const std::string& id) const { return applications_.contains(id); }
  // When it was made; nothing: there is no such device.
  std::optional<wall_time> creation_of(const std::string& application, const std::string& device) const;
  // Makes or changes a device; true when it is new. The application must be there.
  bool put(const std::string& application, const std::string& device, registered_device_change change,
           wall_time now);
  bool remove(const std::string& application, const std::string& device, wall_time now);
  // Removes all devices of an application. False when there is no such application.
  bool clear(const std::string& application, wall_time now);
  // These devices have moved: their rows are written, as the stack does with each position. Their number.
  std::size_t move(const std::string& application, std::string_view pattern, wall_time now);

  const registry_totals& totals() const { return totals_; }
  void reset_counters() { totals_ = {}; }
  void visit_applications(const std::function<void(const std::string& id, const std::string& api_key,
                                                   std::size_t devices)>& visit) const;

private:
  struct application_record {
    std::string api_key;
    registered_devices devices;
  };
  struct list_query;
  void read(list_query& asked, std::string_view name, const std::string& value, bool lists) const;
  static void read_body(list_query& asked, const std::string& body, wall_time now);
  registry_response list_changes(const std::string& name, const application_record& of,
                                 const list_query& asked) const;
  // Adds the headers; a refusal beyond the limit of this method.
  std::optional<registry_response> limit(std::string_view method, std::string_view key, moment now,
                                         std::vector<std::pair<std::string, std::string>>& headers);
  void tell(registry_change what, wall_time now) const {
    if (watch_) watch_(what, now);
  }

  registry_response route(const registry_request& request, moment now);
  registry_response list(const std::string& name, const application_record& of, const list_query& asked);
  registry_response get(const std::string& name, const application_record& of, const std::string& id,
                        const list_query& asked);
  std::string make_device(const std::string& application, const registered_device& device,
                          const list_query& asked, bool long_attributes) const;

  fault_table& faults_;
  registry_options options_;
  std::string seed_;
  std::uint64_t failures_ = 0;
  std::map<std::string, application_record> applications_;
  std::map<std::string, std::string, std::less<>> owners_; // application ids by API key
  std::map<std::string, gcra_bucket> buckets_;             // by method and application, the owner of the key
  std::function<void(const registry_change& what, wall_time now)> watch_;
  registry_totals totals_;
};

} // namespace causeway::emulator
