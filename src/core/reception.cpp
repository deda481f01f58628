// SPDX-License-Identifier: Apache-2.0
#include "core/reception.h"

#include "base/log.h"
#include "core/backlog.h"
#include "core/census.h"
#include "core/device_table.h"
#include "core/holdings.h"
#include "core/journey.h"
#include "core/naming.h"
#include "core/open_time.h"
#include "core/outbox.h"
#include "core/rule_book.h"
#include "core/spool_room.h"

#include <algorithm>
#include <map>
#include <utility>

namespace causeway::core {

std::optional<answer> reception::refuses(const model::event& event, std::uint32_t application,
                                         std::optional<device_ref> known, bool is_full, moment now) {
  if (is_control_frame(event)) {
    if (known) frames_.note(table_.at(*known), event, now);
    return answer::control;
  }
  if (known && table_.at(*known).state() == device_state::off) {
    frames_.note(table_.at(*known), event, now);
    ways_.words().tell_switched_off(*known);
    return answer::unwanted;
  }
  if (is_full) {
    if (known) frames_.hear(table_.at(*known), event, now);
    return answer::full;
  }
  const auto lack = known ? std::nullopt : census_.lacks_place(application);
  if (lack) census_.note_refusal(application);
  return lack;
}

device_ref reception::meet(const model::event& event, std::uint32_t application,
                           std::optional<device_ref> known, moment now) {
  const auto eui = parse_eui(event.dev_eui);
  const auto which = known ? *known : add(event.from, application, eui, now);
  note_eui(which, eui, now);
  frames_.note(table_.at(which), event, now);
  if (const auto* frame = uplink_of(event); frame != nullptr && frame->f_port == 0)
    frames_.note_portless(event, application);
  return which;
}

device_ref reception::add(const device_key& key, std::uint32_t application,
                          const std::optional<std::uint64_t>& eui, moment now) {
  const bool follows = rules_.at(application).follows_registry;
  const auto which = ways_.add(key, application, follows ? device_state::unlisted : device_state::known, now);
  auto& d = table_.at(which);
  if (eui && !(names_.is_by_eui(d) && follows)) names_.set_eui(d, *eui);
  ways_.disk().save(which);
  return which;
}

// Where the identity is made of it, the registry alone says it, or the first body that brought one.
void reception::note_eui(device_ref which, const std::optional<std::uint64_t>& eui, moment now) {
  const auto& d = table_.at(which);
  if (!eui || (d.has_eui && *eui == d.eui)) return;
  if (names_.is_by_eui(d) && (d.has_eui || rules_.of(d).follows_registry)) return;
  ways_.take_eui(which, *eui, now);
  ways_.disk().save(which);
  ways_.follow(which, device_event::completed, {now});
}

std::optional<device_ref> reception::meet(const row_owner& whose, moment now) {
  const auto application = rules_.find(whose.key.application);
  if (!application || !here_.has(here_.of(whose.key))) return std::nullopt;
  const auto known = table_.find(*application, whose.key.device.str());
  if (!known) return add(whose.key, *application, whose.dev_eui, now);
  note_eui(*known, whose.dev_eui, now);
  return known;
}

reception::met reception::meet_again(const device_key& from, std::optional<std::uint32_t> application,
                                     bool is_full, moment now) {
  if (!application || !is_valid_tts_id(from.device.str())) return {};
  if (is_full) return {std::nullopt, answer::full};
  if (!here_.has(here_.of(from))) return {std::nullopt, answer::unavailable};
  if (const auto known = table_.find(*application, from.device.str())) {
    if (table_.at(*known).state() == device_state::off) return {};
    return {known};
  }
  if (const auto lack = census_.lacks_place(*application)) return {std::nullopt, *lack};
  return {add(from, *application, std::nullopt, now)};
}

void reception::on_registered(const registered_device& what, moment now) {
  const auto application = rules_.find(what.key.application);
  if (!application || !rules_.at(*application).follows_registry || !is_valid_tts_id(what.key.device.str()))
    return;
  if (!here_.has(here_.of(what.key))) return;
  ++totals_.registry.words;
  auto which = table_.find(*application, what.key.device.str());
  if (const auto full = which ? std::nullopt : census_.lacks_place(*application)) {
    if (totals_.registry.over_limit++ == 0)
      log::error("devices_over_limit", {{"application", what.key.application},
                                        {"reason", to_string(*full)},
                                        {"max_devices", census_.most_devices()}});
    return;
  }
  if (!which) which = ways_.add(what.key, *application, device_state::known, now);
  if (ways_.words().hear(*which, what)) take_word(*which, what, now);
}

void reception::take_word(device_ref which, const registered_device& what, moment now) {
  const auto& d = table_.at(which);
  const auto model_before = names_.model_of(d);
  circumstances with{now};
  with.was_awaited = ways_.words().awaits(d);
  ways_.words().take(which, what);
  if (const auto eui = parse_eui(what.dev_eui)) ways_.take_eui(which, *eui, now);
  ways_.disk().save(which);
  if (ways_.words().is_switched_off(d)) {
    if (d.state() != device_state::off) ways_.switch_off(which, now);
    return;
  }
  with.model_changed = names_.model_of(d) != model_before;
  ways_.follow(which, device_event::named, with);
}

void reception::on_suspected(const device_key& key) {
  const auto application = rules_.find(key.application);
  if (!application) return;
  if (const auto known = table_.find(*application, key.device.str())) ways_.words().suspect(*known);
}

void reception::on_listed(const application_id& application, moment now) {
  const auto index = rules_.find(application);
  if (!index) return;
  for (const auto which : ways_.words().on_listed(*index))
    ways_.follow(which, device_event::list_came, {now});
}

void reception::on_looked_up(device_ref which, result<registered_device> what, moment now) {
  const bool was_suspect = ways_.words().on_answered(which);
  if (!table_.contains(which)) return;
  const auto& d = table_.at(which);
  if (!rules_.serves(d)) return;
  if (what) {
    what->key = names_.key_of(d);
    return on_registered(*what, now);
  }
  const auto& why = what.fault();
  if (d.state() == device_state::unlisted) { // else a listing has named it meanwhile
    ways_.follow(which, device_event::not_named, {now, &why});
  } else if (was_suspect && d.listed && why.code() == errc::device_unlisted) {
    ways_.on_deleted(which, now);
  } else if (was_suspect && d.listed && why.cls() != error_class::permanent) {
    ways_.words().put_off(which, now);
  }
}

// What is of no application that is configured here stays on the disk, and in nobody's way.
void reception::make_places(start_image& image) {
  std::map<device_ref, device_ref> made;
  std::erase_if(image.devices, [&](device_record& record) {
    const auto application = rules_.find(record.key.application);
    if (!application) return true;
    const auto place = table_.add(*application, record.key.device.str());
    made.emplace(std::exchange(record.ref, place), place);
    return false;
  });
  const auto is_nobodys = [&](auto& one) {
    const auto found = made.find(one.device);
    if (found == made.end()) return true;
    one.device = found->second;
    return false;
  };
  std::erase_if(image.recent_keys, is_nobodys);
  std::erase_if(image.waiting, is_nobodys);
}

// A device of an application that is no longer configured keeps its place and its messages, and stays where
// it is.
void reception::restore(const device_record& record, moment now) {
  const auto application = rules_.find(record.key.application);
  if (!application) return;
  if (!table_.contains(record.ref)) table_.restore(record.ref, *application, record.key.device.str());
  ways_.appear(record.ref, device_state::known, now, record.attached);
  if (const auto eui = parse_eui(record.dev_eui)) names_.set_eui(table_.at(record.ref), *eui);
  ways_.refused().restore(record.ref, record.refused_at);
  ways_.words().restore(record.ref, record);
}

reception::restored reception::restore(const start_image& image, moment now) {
  std::uint32_t places = 0;
  for (const auto& record : image.devices)
    places = std::max(places, index_of(record.ref) + 1);
  table_.reserve(places, image.devices.size());
  for (const auto& record : image.devices)
    restore(record, now);
  for (const auto& [which, key] : image.recent_keys)
    if (table_.contains(which)) table_.at(which).keys.add(key.kind, key.hash);
  restored out;
  auto next_key = image.row_keys.begin();
  std::uint32_t passed_over = 0; // so many rows more
  for (const auto& row : image.waiting) {
    const waiting_message message{row.seq, row.bytes, 0,
                                  std::min(time_.since_start(row.accepted_at), time_.since_start(now))};
    if (!table_.contains(row.device)) {
      out.strays.push_back(message);
      continue;
    }
    auto& d = table_.at(row.device);
    while (next_key != image.row_keys.end() && next_key->seq < row.seq)
      ++next_key;
    if (next_key != image.row_keys.end() && next_key->seq == row.seq) {
      if (d.keys.contains(next_key->key.kind, next_key->key.hash))
        passed_over = next_key->rows;
      else
        d.keys.add(next_key->key.kind, next_key->key.hash);
    }
    if (passed_over > 0) {
      --passed_over;
      out.duplicates.push_back(row.seq);
      continue;
    }
    waiting_.queue.push(row.device, d, message);
    waiting_.account.take(d.application, {1, row.bytes});
  }
  return out;
}

} // namespace causeway::core
