// SPDX-License-Identifier: Apache-2.0
// Carries the bytes of one hub::line: a stream is made when its fleet has ordered it, and carried until one
// side has ended it. Part of hub_pool. Loop's thread only.
#pragma once

#include "hub/fleet.h"
#include "net/stream.h"
#include "net/task_group.h"
#include "net/wake_up.h"

#include <memory>
#include <optional>

namespace causeway::cloud {

class hub_line {
public:
  // All must live as long. tls: absent = plain TCP. Spawns the task that carries.
  hub_line(net::loop& on, net::task_group& tasks, const net::connector& connect, hub::fleet& of,
           hub::line& which, std::optional<net::tls_client_context> tls);
  ~hub_line();
  hub_line(const hub_line&) = delete;
  hub_line& operator=(const hub_line&) = delete;

  // hub::line_orders.
  void open() { ordered_.notify(); }
  void flush();
  void cut();

private:
  struct live;
  net::task<> serve();
  net::task<bool> carry_one();
  net::task<> carry(std::shared_ptr<live> on);
  net::task<> write_out(std::shared_ptr<live> on);
  void lose(const error& why);

  net::loop& loop_;
  net::task_group& tasks_;
  const net::connector& connect_;
  hub::fleet& fleet_;
  hub::line& line_;
  std::optional<net::tls_client_context> tls_;
  net::wake_up ordered_;
  std::shared_ptr<live> up_;
  bool busy_ = false; // an order is being carried out
};

} // namespace causeway::cloud
