// SPDX-License-Identifier: Apache-2.0
// The table's words, for people.
#include "core/transitions.h"

namespace causeway::core {

std::string_view to_string(stage what) {
  switch (what) {
  case stage::known:
    return "known";
  case stage::provisioning:
    return "provisioning";
  case stage::attaching:
    return "attaching";
  case stage::owed:
    return "owed";
  case stage::online:
    return "online";
  case stage::paused:
    return "paused";
  case stage::parked:
    return "parked";
  case stage::doubted:
    return "doubted";
  case stage::unlisted:
    return "unlisted";
  case stage::off:
    return "off";
  case stage::removed:
    return "removed";
  }
  return "unknown";
}

std::string_view to_string(device_event what) {
  switch (what) {
  case device_event::wanted:
    return "wanted";
  case device_event::claimed:
    return "claimed";
  case device_event::unclaimed:
    return "unclaimed";
  case device_event::hub_found:
    return "hub found";
  case device_event::hub_not_found:
    return "hub not found";
  case device_event::attached:
    return "attached";
  case device_event::interrupted:
    return "interrupted";
  case device_event::refused:
    return "refused";
  case device_event::accepted:
    return "message accepted";
  case device_event::message_buried:
    return "message buried";
  case device_event::message_refused:
    return "message refused";
  case device_event::due:
    return "due";
  case device_event::spoke:
    return "spoke";
  case device_event::named:
    return "named";
  case device_event::unnamed:
    return "unnamed";
  case device_event::list_came:
    return "list came";
  case device_event::not_named:
    return "not named";
  case device_event::completed:
    return "completed";
  case device_event::switched_off:
    return "switched off";
  case device_event::left:
    return "left";
  case device_event::replaced:
    return "replaced";
  case device_event::forgotten:
    return "forgotten";
  case device_event::clock_set:
    return "clock set";
  }
  return "unknown";
}

std::string_view to_string(given what) {
  switch (what) {
  case given::always:
    return "";
  case given::being_placed:
    return "the assignments on disk are not in their places yet";
  case given::assigned:
    return "it has an assignment";
  case given::unassigned:
    return "it has no assignment";
  case given::for_good:
    return "the refusal is permanent";
  case given::other_hub:
    return "not the hub and identity that it had";
  case given::doubt:
    return "the refusal casts doubt on an assignment by DPS";
  case given::first_doubt:
    return "the refusal casts doubt on an assignment by DPS that was trusted";
  case given::doubt_and_due:
    return "the refusal casts doubt on an assignment by DPS, and the pause is over";
  case given::first_waits:
    return "nothing waited before";
  case given::may_be_asked:
    return "there is a list of the registry, and it is not being asked";
  case given::waits_unasked:
    return "messages wait, there is a list of the registry, and it is not being asked";
  case given::awaited:
    return "its registry has not named it";
  case given::was_awaited:
    return "its registry had not named it, or its identity lacked the DevEUI";
  case given::incomplete:
    return "its identity lacked the DevEUI";
  case given::model_changed:
    return "its model has changed";
  case given::by_the_clock:
    return "for what a wrong clock brings about";
  }
  return "unknown";
}

std::string_view to_string(next_step what) {
  switch (what) {
  case next_step::nothing:
    return "";
  case next_step::bring:
    return "`wanted` follows";
  case next_step::retry:
    return "`due` follows";
  case next_step::claim:
    return "its identity is claimed";
  case next_step::find_hub:
    return "DPS, or its connection string, is asked";
  case next_step::attach:
    return "it attaches";
  case next_step::reattach:
    return "it detaches and attaches";
  case next_step::look_up:
    return "the registry is asked for it";
  case next_step::deliver:
    return "its messages may go";
  case next_step::hurry_dps:
    return "it goes first at DPS";
  case next_step::hurry_hub:
    return "it goes first at its hub, if messages wait";
  case next_step::count_grace:
    return "what waits has removed_grace";
  case next_step::end_link:
    return "what leads to its hub is taken back";
  }
  return "unknown";
}

} // namespace causeway::core
