// SPDX-License-Identifier: Apache-2.0
#include "model/command.h"

#include "base/check.h"
#include "base/encoding.h"
#include "model/event_key.h"

#include <algorithm>

namespace causeway::model {
namespace {

constexpr std::string_view own_prefix = "causeway:";
constexpr std::string_view item_prefix = "as:downlink:";
constexpr std::size_t id_digits = 32;

command_id digest(std::initializer_list<std::string_view> parts) {
  const auto key = make_event_key(parts);
  return command_id{hex_encode({reinterpret_cast<const char*>(key.data()), key.size()})};
}

bool is_command_id(std::string_view text) {
  return text.size() == id_digits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::optional<step_kind> step_kind_of(event_kind kind) {
  switch (kind) {
  case event_kind::downlink_queued:
    return step_kind::queued;
  case event_kind::downlink_sent:
    return step_kind::sent;
  case event_kind::downlink_ack:
    return step_kind::ack;
  case event_kind::downlink_nack:
    return step_kind::nack;
  case event_kind::downlink_failed:
    return step_kind::failed;
  default:
    return std::nullopt;
  }
}

} // namespace

std::string_view to_string(command_source source) {
  constexpr std::array<std::string_view, 3> words{"c2d", "method", "twin"};
  const auto at = static_cast<std::size_t>(source);
  CAUSEWAY_CHECK(at < words.size());
  return words[at];
}

std::string_view to_string(command_state state) {
  constexpr std::array<std::string_view, command_states> words{
      "stored", "pushing", "queued",   "sent",      "acknowledged", "nacked",
      "failed", "expired", "replaced", "cancelled", "no_word",      "in_doubt"};
  const auto at = static_cast<std::size_t>(state);
  CAUSEWAY_CHECK(at < words.size());
  return words[at];
}

std::string_view to_string(step_kind kind) {
  constexpr std::array<std::string_view, 5> words{"queued", "sent", "nack", "failed", "ack"};
  const auto at = static_cast<std::size_t>(kind);
  CAUSEWAY_CHECK(at < words.size());
  return words[at];
}

bool has_come(const command_expiry& what, const std::optional<wall_time>& service_time,
              std::uint32_t open_seconds) {
  if (what.open_seconds && *what.open_seconds <= open_seconds) return true;
  return what.by_wall && service_time && *what.by_wall <= *service_time;
}

command_id make_command_id(const device_key& to, const c2d_origin& from) {
  const auto hub = to_lower(from.hub.substr(0, from.hub.find('.')));
  const auto& application = to.application.str();
  const auto& device = to.device.str();
  if (!from.sequence_number || !from.enqueued_ms)
    return digest({"c2d", application, device, hub, from.message_id});
  return digest({"c2d", application, device, hub, std::to_string(*from.sequence_number),
                 std::to_string(*from.enqueued_ms)});
}

command_id make_command_id(const device_key& to, const method_origin& from) {
  const auto& application = to.application.str();
  const auto& device = to.device.str();
  if (!from.id.empty()) return digest({"method", application, device, from.name, from.id});
  const std::string_view random{reinterpret_cast<const char*>(from.random.data()), from.random.size()};
  return digest({"method", application, device, from.name, "", random});
}

command_id make_command_id(const device_key& to, const twin_origin& from) {
  return digest({"twin", to.application.str(), to.device.str(), from.object, std::to_string(from.version)});
}

command_id make_twin_record_id(const device_key& of) {
  return digest({"twin record", of.application.str(), of.device.str()});
}

command_id make_class_read_id(const device_key& of) {
  return digest({"class read", of.application.str(), of.device.str()});
}

std::string correlation_id_of(const command_id& id) {
  return std::string{own_prefix} + id.str();
}

std::optional<command_id> command_among(std::span<const std::string> correlation_ids) {
  for (const auto& one : correlation_ids)
    if (one.starts_with(own_prefix) && is_command_id(std::string_view{one}.substr(own_prefix.size())))
      return command_id{one.substr(own_prefix.size())};
  return std::nullopt;
}

std::string item_among(std::span<const std::string> correlation_ids) {
  const auto found = std::find_if(correlation_ids.begin(), correlation_ids.end(),
                                  [](const std::string& one) { return one.starts_with(item_prefix); });
  return found == correlation_ids.end() ? std::string{} : *found;
}

std::optional<command_step> step_of(const event& from) {
  const auto kind = step_kind_of(from.kind);
  const auto* const told = std::get_if<downlink_event>(&from.what);
  if (!kind || told == nullptr || from.simulated.value_or(false)) return std::nullopt;
  command_step step;
  step.kind = *kind;
  step.item = item_among(told->correlation_ids);
  step.session = told->session_key_id;
  step.f_cnt = told->f_cnt;
  step.attempt = told->attempt;
  step.received_at = told->at;
  step.error_name = told->error_name;
  step.error_text = told->error_text;
  step.by_network = told->by_network;
  step.without_payload = told->without_payload;
  return step;
}

} // namespace causeway::model
