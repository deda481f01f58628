// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/event_endpoint.h"

#include "amqp/message.h"
#include "base/encoding.h"
#include "emulator/hub/event_connection.h"

#include <algorithm>
#include <charconv>

namespace causeway::emulator {
namespace {

event_token_verdict refuse(int status, std::string description) {
  return {status, std::move(description), {}, {}};
}

std::string_view without_scheme(std::string_view resource) {
  const auto at = resource.find("://");
  return at == std::string_view::npos ? resource : resource.substr(at + 3);
}

bool signed_by_text(const azure::sas_token& token, const azure::signing_key& key) {
  return token.signed_by(azure::signing_key{key.base64()}) || token.signed_by(key);
}

std::int64_t milliseconds_of(wall_time time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

} // namespace

std::optional<std::size_t> event_hub::find_partition(const std::string& id) const {
  std::size_t number = 0;
  const auto read = std::from_chars(id.data(), id.data() + id.size(), number);
  if (read.ec != std::errc{} || read.ptr != id.data() + id.size() || number >= log->partitions())
    return std::nullopt;
  return number;
}

event_endpoint::event_endpoint(std::vector<event_hub> hubs) : hubs_{std::move(hubs)} {
  for (auto& hub : hubs_)
    hub.log->listen([this] {
      for (auto* connection : connections_)
        connection->on_events();
    });
}

const event_hub* event_endpoint::find(std::string_view name) const {
  const auto found = std::find_if(hubs_.begin(), hubs_.end(),
                                  [&](const event_hub& hub) { return equals_ignoring_case(hub.name, name); });
  return found == hubs_.end() ? nullptr : &*found;
}

event_token_verdict event_endpoint::judge_token(std::string_view text, wall_time now) const {
  const auto token = azure::parse_sas_token(text);
  if (!token) return refuse(400, "The SAS token is malformed: " + token.fault().detail());
  const auto resource = without_scheme(token->resource);
  const auto slash = resource.find('/');
  auto path = slash == std::string_view::npos ? std::string{} : to_lower(std::string{resource.substr(slash)});
  while (path.ends_with('/'))
    path.pop_back();
  const auto* hub = &hubs_.front();
  if (!path.empty()) {
    const auto name = std::string_view{path}.substr(1);
    hub = find(name.substr(0, name.find('/')));
    if (hub == nullptr) return refuse(404, "The messaging entity '" + path + "' could not be found.");
  }
  if (!hub->registry->is_host(resource.substr(0, slash)))
    return refuse(401, "InvalidAudience: the SAS token is for another host.");
  const auto* policy = hub->registry->find_policy(token->skn);
  if (policy == nullptr ||
      (!signed_by_text(*token, policy->keys.primary) && !signed_by_text(*token, policy->keys.secondary)))
    return refuse(401, "InvalidSignature: The token has an invalid signature.");
  if (!policy->service_connect)
    return refuse(401, "The policy " + token->skn + " lacks the right ServiceConnect.");
  if (token->expired(now)) return refuse(401, "ExpiredToken: The token is expired.");
  event_token_verdict verdict;
  verdict.path = std::move(path);
  verdict.expires = wall_time{std::chrono::seconds{token->expiry}};
  return verdict;
}

amqp::condition event_endpoint::admit(event_receiver& receiver) {
  std::vector<event_receiver*> others;
  for (auto* other : receivers_)
    if (other->hub == receiver.hub && other->partition == receiver.partition &&
        other->group == receiver.group)
      others.push_back(other);
  const auto current = std::find_if(others.begin(), others.end(),
                                    [](const event_receiver* other) { return other->epoch.has_value(); });
  if (current != others.end()) {
    const auto epoch = std::to_string(*(*current)->epoch);
    if (!receiver.epoch)
      return {"amqp:link:stolen", "A receiver with epoch " + epoch +
                                      " reads this partition; a receiver without an epoch is not allowed."};
    if (*receiver.epoch < *(*current)->epoch)
      return {"amqp:link:stolen", "A receiver with the higher epoch " + epoch +
                                      " already exists; the receiver with epoch " +
                                      std::to_string(*receiver.epoch) + " is refused."};
  }
  if (!receiver.epoch && others.size() >= max_receivers)
    return {"amqp:resource-limit-exceeded",
            "Exceeded the maximum number of allowed receivers per partition in a consumer group which is 5."};
  if (receiver.epoch) {
    for (auto* other : others) {
      ++totals_.stolen;
      other->owner->end_receiver(
          *other, {"amqp:link:stolen", "New receiver with the epoch " + std::to_string(*receiver.epoch) +
                                           " is created; the current receiver is ended."});
    }
  }
  receivers_.insert(&receiver);
  ++totals_.receivers;
  return {};
}

void event_endpoint::remove(event_receiver& receiver) {
  receivers_.erase(&receiver);
}

std::string stamp_event(const kept_event& kept) {
  const auto& event = kept.event;
  auto message = amqp::decode_message(event.encoded);
  if (!message) return event.encoded; // the hub has decoded it before
  auto& annotations = message->message_annotations;
  const auto stamp = [&annotations](std::string_view name, amqp::value value) {
    std::erase_if(annotations, [name](const auto& entry) {
      const auto* text = entry.first.text();
      return text != nullptr && *text == name;
    });
    annotations.emplace_back(amqp::value{amqp::symbol{std::string{name}}}, std::move(value));
  };
  // What a client says of its own identity counts for nothing.
  std::erase_if(message->application_properties, [](const auto& entry) {
    const auto* name = entry.first.text();
    return name != nullptr && (equals_ignoring_case(*name, "iothub-connection-device-id") ||
                               equals_ignoring_case(*name, "iothub-connection-module-id"));
  });
  const amqp::timestamp at{milliseconds_of(event.at)};
  stamp("x-opt-sequence-number", {kept.sequence});
  stamp("x-opt-offset", {std::to_string(kept.offset)});
  stamp("x-opt-enqueued-time", {at});
  stamp("x-opt-partition-key", {event.device.str()});
  stamp("iothub-connection-device-id", {event.device.str()});
  stamp("iothub-connection-auth-generation-id", {std::to_string(event.generation)});
  stamp("iothub-connection-auth-method",
        {std::string{R"({"scope":")"} + (event.by_policy ? "hub" : "device") +
         R"(","type":"sas","issuer":"iothub","acceptingIpFilterRule":null})"});
  stamp("iothub-enqueuedtime", {at});
  stamp("iothub-message-source", {std::string{"Telemetry"}});
  if (!event.model_id.empty()) stamp("dt-dataschema", {event.model_id});
  return amqp::encode_message(*message);
}

} // namespace causeway::emulator
