// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/network_record.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "emulator/stack/stack_time.h"

#include <algorithm>
#include <array>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr auto allowed = std::to_array<std::string_view>({"ids",
                                                          "created_at",
                                                          "updated_at",
                                                          "supports_class_b",
                                                          "supports_class_c",
                                                          "supports_join",
                                                          "multicast",
                                                          "lorawan_version",
                                                          "lorawan_phy_version",
                                                          "frequency_plan_id",
                                                          "mac_settings",
                                                          "last_dev_status_received_at",
                                                          "mac_state.device_class",
                                                          "mac_state.lorawan_version",
                                                          "mac_state.recent_uplinks",
                                                          "mac_state.recent_downlinks",
                                                          "mac_state.last_downlink_at",
                                                          "mac_state.last_confirmed_downlink_at",
                                                          "mac_state.last_network_initiated_downlink_at",
                                                          "mac_state.pending_application_downlink",
                                                          "pending_mac_state.recent_uplinks",
                                                          "pending_mac_state.recent_downlinks",
                                                          "session.dev_addr",
                                                          "session.keys.session_key_id",
                                                          "session.last_f_cnt_up",
                                                          "session.last_n_f_cnt_down",
                                                          "session.last_conf_f_cnt_down",
                                                          "session.started_at",
                                                          "pending_session.dev_addr",
                                                          "pending_session.keys.session_key_id",
                                                          "pending_session.started_at"});
// With these comes what only a right to keys opens.
constexpr auto with_keys = std::to_array<std::string_view>(
    {"session", "pending_session", "mac_state", "pending_mac_state", "session.keys", "pending_session.keys"});

template <class List>
bool contains(const List& list, std::string_view what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

// Whether any path is this one, above it, or below it.
bool touches(const std::vector<std::string>& paths, std::string_view name) {
  return std::any_of(paths.begin(), paths.end(), [name](std::string_view path) {
    return path == name || (path.starts_with(name) && path[name.size()] == '.') ||
           (name.starts_with(path) && name[path.size()] == '.');
  });
}

json::object keep(const json::object& of, const std::string& prefix, const std::vector<std::string>& paths) {
  json::object kept;
  for (const auto& [key, value] : of) {
    const auto name = prefix + std::string{key};
    if (!touches(paths, name)) continue;
    const bool whole = std::any_of(paths.begin(), paths.end(), [&name](std::string_view path) {
      return name == path || (name.starts_with(path) && name[path.size()] == '.');
    });
    if (whole || !value.is_object())
      kept[key] = value;
    else
      kept[key] = keep(value.as_object(), name + ".", paths);
  }
  return kept;
}

void set_unless_zero(json::object& to, std::string_view name, std::optional<std::uint32_t> value) {
  if (value.value_or(0) != 0) to[name] = *value;
}

void set_time(json::object& to, std::string_view name, const std::optional<wall_time>& time) {
  if (time) to[name] = format_stack_time(*time);
}

std::string made_up_bytes(const std::string& from, std::size_t size) {
  const auto digest = sha256(from);
  return base64_encode({reinterpret_cast<const char*>(digest.data()), size});
}

json::object format_frame(const recent_uplink& up, const network_device& device,
                          const std::string& dev_addr) {
  const auto mic = made_up_bytes("mic" + format_stack_time(up.received_at), 4);
  if (up.is_join) {
    auto nonce = hex_encode({reinterpret_cast<const char*>(&up.f_cnt), 2});
    return {{"m_hdr", json::object{}},
            {"mic", mic},
            {"join_request_payload", json::object{{"join_eui", device.names().join_eui},
                                                  {"dev_eui", device.names().dev_eui},
                                                  {"dev_nonce", to_upper(nonce)}}}};
  }
  json::object control;
  if (up.ack) control["ack"] = true;
  json::object header{{"dev_addr", dev_addr}, {"f_ctrl", std::move(control)}};
  set_unless_zero(header, "f_cnt", up.f_cnt & 0xFFFF);
  json::object frame{{"f_hdr", std::move(header)}};
  set_unless_zero(frame, "f_port", up.f_port);
  frame["frm_payload"] = made_up_bytes("payload" + std::to_string(up.f_cnt), 1);
  set_unless_zero(frame, "full_f_cnt", up.f_cnt);
  return {{"m_hdr", json::object{{"m_type", up.confirmed ? "CONFIRMED_UP" : "UNCONFIRMED_UP"}}},
          {"mic", mic},
          {"mac_payload", std::move(frame)}};
}

json::array format_uplinks(const mac_context& of, const network_device& device) {
  json::array shown;
  for (const auto& up : of.mac.uplinks) {
    json::object reception{
        {"gateway_ids", json::object{{"gateway_id", "ttig-52ec"}, {"eui", "58A0CBFFFE8052EC"}}},
        {"channel_rssi", -35},
        {"snr", 5.5}};
    if (up.ids.empty())
      reception["downlink_path_constraint"] = "DOWNLINK_PATH_CONSTRAINT_NEVER";
    else
      reception["uplink_token"] = made_up_bytes("token" + format_stack_time(up.received_at), 32);
    json::object entry{
        {"payload", format_frame(up, device, of.session.dev_addr)},
        {"settings",
         json::object{{"data_rate", json::object{{"lora", json::object{{"bandwidth", 125'000},
                                                                       {"spreading_factor", 7},
                                                                       {"coding_rate", "4/5"}}}}}}},
        {"rx_metadata", json::array{std::move(reception)}},
        {"received_at", format_stack_time(up.received_at)}};
    if (!up.ids.empty()) entry["correlation_ids"] = format_ids(up.ids);
    shown.push_back(std::move(entry));
  }
  return shown;
}

json::array format_downlinks(const mac_state& of) {
  json::array shown;
  for (const auto& down : of.downlinks) {
    json::object payload{{"m_hdr", json::object{{"m_type", down.m_type}}}};
    if (down.has_payload) {
      json::object frame;
      set_unless_zero(frame, "f_port", down.f_port);
      set_unless_zero(frame, "full_f_cnt", down.f_cnt);
      payload["mac_payload"] = std::move(frame);
    }
    json::object entry{{"payload", std::move(payload)}};
    if (!down.ids.empty()) entry["correlation_ids"] = format_ids(down.ids);
    shown.push_back(std::move(entry));
  }
  return shown;
}

json::object format_mac(const mac_context& of, const network_device& device) {
  json::object shown;
  const auto& mac = of.mac;
  const auto& settings = device.settings();
  // Of OTAA devices from the first uplink on.
  const bool spoke =
      std::any_of(mac.uplinks.begin(), mac.uplinks.end(), [](const auto& up) { return !up.is_join; });
  if (settings.class_c && (settings.abp || spoke)) shown["device_class"] = "CLASS_C";
  set_time(shown, "last_confirmed_downlink_at", mac.last_confirmed_at);
  if (mac.pending) {
    // The payload is encrypted there.
    auto waiting = *mac.pending;
    waiting.frm_payload =
        made_up_bytes("encrypted" + waiting.frm_payload, std::min<std::size_t>(waiting.size, 32));
    shown["pending_application_downlink"] = format_item(waiting, item_view::whole);
  }
  if (!mac.uplinks.empty()) shown["recent_uplinks"] = format_uplinks(of, device);
  if (!mac.downlinks.empty()) shown["recent_downlinks"] = format_downlinks(mac);
  set_time(shown, "last_network_initiated_downlink_at", mac.last_network_initiated_at);
  set_time(shown, "last_downlink_at", mac.last_downlink_at);
  return shown;
}

json::object format_session(const mac_session& of, bool is_pending) {
  json::object keys;
  if (!of.session_key_id.empty()) keys["session_key_id"] = of.session_key_id;
  json::object shown{{"dev_addr", of.dev_addr}, {"keys", std::move(keys)}};
  set_unless_zero(shown, "last_f_cnt_up", of.last_up);
  set_unless_zero(shown, "last_n_f_cnt_down", of.last_down);
  set_unless_zero(shown, "last_conf_f_cnt_down", of.last_confirmed_down);
  if (!is_pending) shown["started_at"] = format_stack_time(of.started);
  return shown;
}

} // namespace

record_mask parse_record_mask(const std::vector<std::pair<std::string, std::string>>& query) {
  record_mask mask;
  for (const auto& [name, value] : query) {
    if (name != "field_mask" && name != "field_mask.paths") continue;
    if (value.empty()) mask.is_empty = true;
    for (auto& path : split_text(value, ',')) {
      if (contains(with_keys, path))
        mask.needs_keys = true;
      else if (!contains(allowed, path))
        mask.forbidden.push_back(path);
      mask.paths.push_back(std::move(path));
    }
  }
  mask.is_empty = mask.is_empty && mask.paths.empty();
  return mask;
}

json::object format_record(const network_device& device, const std::vector<std::string>& paths) {
  const auto& names = device.names();
  json::object ids{{"device_id", names.device},
                   {"application_ids", json::object{{"application_id", names.application}}},
                   {"dev_eui", names.dev_eui},
                   {"join_eui", names.join_eui}};
  if (device.active()) ids["dev_addr"] = device.active()->session.dev_addr;
  json::object all;
  if (device.settings().class_c) all["supports_class_c"] = true;
  if (!device.settings().abp) all["supports_join"] = true;
  if (device.active()) all["mac_state"] = format_mac(*device.active(), device);
  if (device.joining()) all["pending_mac_state"] = format_mac(*device.joining(), device);
  if (device.active()) all["session"] = format_session(device.active()->session, false);
  if (device.joining()) all["pending_session"] = format_session(device.joining()->session, true);
  json::object shown{{"ids", std::move(ids)},
                     {"created_at", format_stack_time(device.created())},
                     {"updated_at", format_stack_time(device.updated())}};
  for (auto& [key, value] : keep(all, {}, paths))
    shown[key] = std::move(value);
  return shown;
}

} // namespace causeway::emulator
