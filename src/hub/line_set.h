// SPDX-License-Identifier: Apache-2.0
// All lines of a hub. Owned by its fleet. Pure; one thread.
#pragma once

#include "hub/fleet_ports.h"
#include "hub/line.h"
#include "hub/outage.h"
#include "hub/placement.h"

#include <memory>
#include <vector>

namespace causeway::hub {

class line_set {
public:
  // ids: how many lines there are in all, over all hubs. Both must live as long.
  line_set(line_orders& orders, std::uint32_t& ids) : orders_{orders}, ids_{ids} {}

  // By its number in the placement; made where it was not there.
  line& get(std::uint32_t number);
  // Precondition: it has been made.
  line& at(std::uint32_t number) { return *lines_[number]; }
  const line& at(std::uint32_t number) const { return *lines_[number]; }

  // Orders all to be opened that have devices to carry and may connect now, none before not_before. When the
  // next one may; mono_time::max() when only an event can bring it about.
  mono_time open_due(fleet& owner, const placement& places, outage& away, mono_time not_before,
                     mono_time now);
  // As hub::connection, on each that is open for devices.
  void renew_tokens(moment now);
  // Says CLOSE on all that are up.
  void close(moment now);
  // Orders one that is up to be cut. False: there is none.
  bool cut_one();

  // One has a connection, open or not.
  bool any_up() const;
  bool any_in_flight() const; // sent, and without an outcome
  // On the connections that are up.
  std::uint64_t tokens_put() const;

private:
  line_orders& orders_;
  std::uint32_t& ids_;
  std::vector<std::unique_ptr<line>> lines_;
};

} // namespace causeway::hub
