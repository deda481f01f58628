// SPDX-License-Identifier: Apache-2.0
#include "tts/registry_page.h"

#include "base/encoding.h"
#include "base/excerpt.h"
#include "tts/json_span.h"
#include "tts/stack_error.h"

#include <algorithm>
#include <unordered_map>

namespace causeway::tts {
namespace {

constexpr std::size_t longest_fault = 200;

// Shortened and with everything odd escaped: what a stranger has typed goes to our log.
std::string quote(std::string_view text) {
  if (text.size() <= longest_quote) return json_quoted(text);
  return json_quoted(excerpt(text, longest_quote)) + "… (" + std::to_string(text.size()) + " bytes)";
}

void warn(listed_device& of, const std::string& text) {
  if (!of.warning.empty()) of.warning += "; ";
  of.warning += text;
}

void read_integration(json_span value, listed_device& into) {
  const auto text = value.string();
  if (text && equals_ignoring_case(*text, "true")) {
    into.device.integration = true;
  } else if (text && equals_ignoring_case(*text, "false")) {
    into.device.integration = false;
  } else {
    warn(into, "azureintegration=" + (text ? quote(*text) : "(no text)") + " is neither true nor false");
  }
}

void read_model_id(json_span value, listed_device& into) {
  auto text = value.string();
  if (text && text->empty()) return;
  if (text && is_valid_model_id(*text))
    into.device.model_id = std::move(*text);
  else
    warn(into, "dtdlmodelid=" + (text ? quote(*text) : "(no text)") + " is no DTMI");
}

void read_attributes(json_span attributes, listed_device& into) {
  // Keys of a map are the user's own: their letter case counts, and of several the last.
  json_span integration, model_id;
  for (json_cursor at{attributes}; at.next();) {
    if (at.key() == "azureintegration") integration = at.value();
    if (at.key() == "dtdlmodelid") model_id = at.value();
  }
  if (integration.present()) read_integration(integration, into);
  if (model_id.present()) read_model_id(model_id, into);
}

std::optional<wall_time> read_time(json_span value) {
  const auto text = value.string();
  if (!text) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  return time ? std::optional{*time} : std::nullopt;
}

// Nothing when it has no valid id or belongs to another application.
std::optional<listed_device> read_device(const json_span& entry, const application_id& application) {
  json_span ids, created_at, updated_at, attributes;
  read_members(
      entry,
      {{"ids", &ids}, {"created_at", &created_at}, {"updated_at", &updated_at}, {"attributes", &attributes}});
  json_span device_id, application_ids, dev_eui, application_text;
  read_members(ids,
               {{"device_id", &device_id}, {"application_ids", &application_ids}, {"dev_eui", &dev_eui}});
  read_members(application_ids, {{"application_id", &application_text}});
  auto id = device_id.string();
  if (!id || !is_valid_tts_id(*id) || application_text.string() != application.str()) return std::nullopt;

  listed_device made;
  made.device.key = {application, causeway::device_id{std::move(*id)}};
  if (const auto eui = dev_eui.string(); eui && is_valid_eui(*eui))
    made.device.dev_eui = causeway::dev_eui{to_upper(*eui)};
  read_attributes(attributes, made);
  made.created_at = read_time(created_at);
  made.updated_at = read_time(updated_at);
  return made;
}

} // namespace

std::string parse_stack_fault(std::string_view body) {
  const auto document = parse_json(body);
  json_span message;
  if (document) read_members(*document, {{"message", &message}});
  auto text = message.string().value_or("");
  if (text.size() > longest_fault) text = std::string{excerpt(text, longest_fault)} + "…";
  return text;
}

std::string parse_stack_fault_name(std::string_view body) {
  const auto document = parse_json(body);
  json_span details;
  if (document) read_members(*document, {{"details", &details}});
  json_cursor first{details};
  return first.next() ? read_stack_error(first.value()).name : std::string{};
}

bool is_valid_model_id(std::string_view text) {
  return text.starts_with("dtmi:") && text.size() > 5 && text.size() <= longest_model_id &&
         std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
                  c == ':' || c == ';' || c == '.';
         });
}

result<registry_page> parse_registry_page(std::string_view body, const application_id& application) {
  auto document = parse_json_object(body, errc::registry_protocol);
  if (!document) return std::move(document).fault();
  json_span list;
  read_members(*document, {{"end_devices", &list}});
  registry_page page;
  if (!list.present()) return page;
  if (!list.is_array()) return error{errc::registry_protocol, "end_devices is not a list"};

  std::unordered_map<std::string, std::size_t> places;
  for (json_cursor at{list}; at.next();) {
    ++page.entries;
    auto device = read_device(at.value(), application);
    if (!device) {
      ++page.skipped;
      continue;
    }
    const auto [place, fresh] = places.try_emplace(device->device.key.device.str(), page.devices.size());
    if (fresh) {
      page.devices.push_back(std::move(*device));
    } else {
      ++page.duplicates;
      page.devices[place->second] = std::move(*device);
    }
  }
  return page;
}

std::string format_changes_request(wall_time since, std::uint32_t page_size, std::uint64_t page) {
  return R"({"field_mask":{"paths":["attributes"]},"filters":[{"updated_since":")" + format_rfc3339(since) +
         R"("}],"limit":)" + std::to_string(page_size) + R"(,"page":)" + std::to_string(page) +
         R"(,"order":"device_id"})";
}

result<listed_device> parse_registered_device(std::string_view body, const model::device_key& asked_for) {
  auto document = parse_json_object(body, errc::registry_protocol);
  if (!document) return std::move(document).fault();
  auto device = read_device(*document, asked_for.application);
  if (!device || device->device.key.device != asked_for.device)
    return error{errc::registry_protocol, "the answer is not about " + asked_for.device.str()};
  return std::move(*device);
}

} // namespace causeway::tts
