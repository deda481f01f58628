// SPDX-License-Identifier: Apache-2.0
// IoT Hub for the core: keeps as many AMQP connections to each hub as its devices need, and brings them back
// when they are lost, with one shared back-off for each hub. Holds no rules of the protocol: those are
// hub::connection's. Loop's thread only.
#pragma once

#include "base/backoff.h"
#include "core/bridge.h"
#include "egress/azure_section.h"
#include "hub/placement.h"
#include "net/stream.h"
#include "net/task_group.h"
#include "net/wake_up.h"

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

namespace causeway::egress {

struct hub_totals {
  std::uint64_t connections_open = 0, connections_made = 0, connections_lost = 0;
  std::uint64_t tokens_put = 0;
  std::optional<error> last_fault; // of the connection; none while it is up
};

class hub_pool final : public core::hub_link {
public:
  // sections must live as long. random: uniform in [0, 1).
  hub_pool(net::loop& on, net::task_group& tasks, const std::vector<azure_section>& sections,
           std::function<double()> random);
  ~hub_pool() override;
  // Before the first attach.
  void answer_to(core::bridge& bridge) { bridge_ = &bridge; }

  void attach(device_ref device, const core::assignment& where, const core::connect_wish& wish) override;
  void detach(device_ref device) override;
  void hurry(device_ref device) override;
  void send(device_ref device, spool_seq seq, const core::message& what) override;

  // Says CLOSE on every connection and waits until the hubs have answered, at most this long.
  net::task<> close(std::chrono::milliseconds patience);
  // By host.
  std::map<std::string, hub_totals> totals() const;

private:
  struct line;     // one connection, made again when it is lost
  struct upstream; // one hub of one section
  struct member {
    upstream* hub = nullptr;
    causeway::identity identity;
    hub::link_wish wish;
  };

  upstream* upstream_of(const core::assignment& where);
  line* line_of(device_ref device);
  void put_on_line(device_ref device, const member& who);
  void forget(device_ref device);
  void give_up(line& which, const error& why);
  net::task<> keep_up(line* which);
  net::task<> write_out(std::shared_ptr<struct open_line> on, line* which);
  void deliver_events(line& which, struct open_line& on);

  net::loop& loop_;
  net::task_group& tasks_;
  const std::vector<azure_section>& sections_;
  std::function<double()> random_;
  core::bridge* bridge_ = nullptr;
  bool closing_ = false;
  std::map<std::string, std::unique_ptr<upstream>> upstreams_; // by section and host
  std::unordered_map<std::uint32_t, member> members_;          // by device
  std::unordered_map<std::string, device_ref> owners_;         // by host and identity
  std::shared_ptr<int> alive_ = std::make_shared<int>();       // for what is posted
};

} // namespace causeway::egress
