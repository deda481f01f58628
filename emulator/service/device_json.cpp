// SPDX-License-Identifier: Apache-2.0
#include "emulator/service/device_json.h"

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr const char* never = "0001-01-01T00:00:00Z";

const char* connection_state(const hub_service& hub, const identity& id) {
  return hub.links_of(id).empty() ? "Disconnected" : "Connected";
}

json::object no_thumbprints() {
  return {{"primaryThumbprint", nullptr}, {"secondaryThumbprint", nullptr}};
}

} // namespace

std::string device_etag(const hub_identity& device) {
  return make_etag(device.changes);
}

json::object device_json(hub_service& hub, const identity& id) {
  const auto& found = *hub.registry().find(id);
  const json::object keys{{"primaryKey", found.keys.primary.base64().reveal()},
                          {"secondaryKey", found.keys.secondary.base64().reveal()}};
  return {{"deviceId", id.str()},
          {"generationId", std::to_string(found.generation)},
          {"etag", device_etag(found)},
          {"connectionState", connection_state(hub, id)},
          {"status", found.enabled ? "enabled" : "disabled"},
          {"statusReason", nullptr},
          {"connectionStateUpdatedTime", never},
          {"statusUpdatedTime", never},
          {"lastActivityTime", never},
          {"cloudToDeviceMessageCount", hub.desks().state().mail.waiting(id)},
          {"authentication", {{"symmetricKey", keys}, {"x509Thumbprint", no_thumbprints()}, {"type", "sas"}}},
          {"capabilities", {{"iotEdge", false}}}};
}

json::object twin_json(hub_service& hub, const identity& id, moment now) {
  const auto& found = *hub.registry().find(id);
  const auto& twin = hub.desks().twin_of(id, now);
  return {{"deviceId", id.str()},
          {"etag", twin.etag()},
          {"deviceEtag", device_etag(found)},
          {"status", found.enabled ? "enabled" : "disabled"},
          {"statusUpdateTime", never},
          {"connectionState", connection_state(hub, id)},
          {"lastActivityTime", never},
          {"cloudToDeviceMessageCount", hub.desks().state().mail.waiting(id)},
          {"authenticationType", "sas"},
          {"x509Thumbprint", no_thumbprints()},
          {"modelId", ""},
          {"version", twin.version()},
          {"tags", twin.tags()},
          {"properties", twin.properties()},
          {"capabilities", {{"iotEdge", false}}}};
}

} // namespace causeway::emulator
