// SPDX-License-Identifier: Apache-2.0
// Between the core and IoT Hub as devices see it.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "model/assignment.h"
#include "model/connect_wish.h"
#include "model/hub_command.h"
#include "model/message.h"

#include <string>

namespace causeway::model {

class hub_link {
public:
  virtual ~hub_link() = default;
  // Answered by on_device_attached or on_device_detached. When the connection to the hub is lost or cannot be
  // made, the link brings its devices back by itself (on_device_detached with link_retries, later
  // on_device_attached): the core calls attach again only after on_device_detached without link_retries.
  virtual void attach(device_ref device, const assignment& where, const connect_wish& wish) = 0;
  // Not answered.
  virtual void detach(device_ref device) = 0;
  // Messages wait for the device now: it goes before those that nothing waits for. No effect once it is
  // attached.
  virtual void hurry(device_ref device) = 0;
  // Precondition: attached, and nothing in flight for the device. Answered by on_send_outcome, or
  // on_device_detached.
  virtual void send(device_ref device, spool_seq seq, const message& what) = 0;
  // Of what on_c2d has given: not answered. Too late, when its lock may be over or its link is gone, it does
  // nothing, and the hub gives the message again.
  virtual void settle(device_ref device, delivery_number which, c2d_settlement how) = 0;
  // Of what on_method has given, on the link that it came by; nothing where that is gone. Not answered.
  virtual void answer_call(device_ref device, delivery_number which, const method_answer& what) = 0;
  // Whether the hub is to give cloud-to-device messages: it keeps them meanwhile. At first it is.
  virtual void take_c2d(bool can_store) = 0;
  // The twin of a device, whole (azure-iot-wire.md B.8). Precondition: on_twin_open, and no read of the
  // device's is unanswered. Answered by on_twin_read, or by on_twin_open once its links were away. At the
  // pace of the hub's tier; urgent: something has changed: before those that only look again.
  virtual void read_twin(device_ref device, bool urgent) = 0;
  // patch: a JSON merge patch of the reported properties. Answered by on_twin_reported; otherwise likewise.
  // urgent: somebody waits for what it says.
  virtual void report_twin(device_ref device, std::string patch, bool urgent) = 0;
  // The shard goes: nothing of it is attached or sent any more. What is with the hub is answered until it has
  // its outcome, or until this time (one that is over: it is not waited for); then its connections are
  // closed, at this time cut. Answered by on_shard_closed: nothing of it is with the hub from then on. Its
  // devices need no detach.
  virtual void close(shard_number which, mono_time until) = 0;
  // Of a device that is being attached.
  virtual link_progress progress(device_ref /*device*/) const { return {}; }
};

// Implemented by the core; never called from inside a call of hub_link.
class hub_link_events {
public:
  virtual ~hub_link_events() = default;
  virtual void on_device_attached(device_ref which, moment now) = 0;
  virtual void on_device_detached(device_ref which, const error& why, bool link_retries, moment now) = 0;
  virtual void on_send_outcome(device_ref which, spool_seq seq, const result<void>& outcome, moment now) = 0;
  virtual void on_shard_closed(shard_number which, moment now) = 0;
};

// What hubs have for devices. Implemented by the core; never called from inside a call of hub_link. Only of
// devices that are attached.
class hub_command_events {
public:
  virtual ~hub_command_events() = default;
  virtual void on_c2d(device_ref which, c2d_message what, moment now) = 0;
  virtual void on_method(device_ref which, method_call what, moment now) = 0;
  // Changes of its desired properties are told from now on; those before only a read shows. What was asked of
  // its twin before is not answered any more. Again each time its links have been away.
  virtual void on_twin_open(device_ref which, moment now) = 0;
  // A change of them: a JSON merge patch, with $version.
  virtual void on_twin_changed(device_ref which, std::string patch, moment now) = 0;
  // {"desired":{…,"$version":n},"reported":{…,"$version":m}}
  virtual void on_twin_read(device_ref which, result<std::string> document, moment now) = 0;
  virtual void on_twin_reported(device_ref which, result<void> outcome, moment now) = 0;
};

} // namespace causeway::model
