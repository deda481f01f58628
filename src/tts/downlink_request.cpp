// SPDX-License-Identifier: Apache-2.0
#include "tts/downlink_request.h"

#include "base/encoding.h"
#include "tts/downlink_members.h"
#include "tts/json_span.h"

#include <algorithm>
#include <charconv>

namespace causeway::tts {
namespace {

constexpr std::string_view built_in_method = "downlink";
constexpr std::uint32_t longest_wait = 300; // seconds
constexpr std::size_t longest_id = 128;
constexpr std::string_view payload_as_configured = "@";

const named_downlink* find_named(named_downlinks named, std::string_view name) {
  const auto found =
      std::find_if(named.begin(), named.end(), [&](const named_downlink& one) { return one.name == name; });
  return found == named.end() ? nullptr : &*found;
}

// What is sent for a name: given, or as configured.
result<std::string> payload_of(const named_downlink& named, std::string_view member, std::string_view given) {
  const auto text = trimmed(given);
  const auto document = parse_json(text);
  const auto words = document ? document->string() : std::nullopt;
  if (text.empty() || text == payload_as_configured || text == "null" || words == payload_as_configured) {
    if (!named.payload.empty()) return named.payload;
    return error{errc::downlink_payload_missing,
                 named.name + " has no configured payload; give one in place of @"};
  }
  if (document && (document->is_object() || document->is_array())) return document->compact();
  if (text.front() == '{' || text.front() == '[')
    return error{errc::downlink_payload_invalid, "the payload is not valid JSON, " +
                                                     document.fault().detail() +
                                                     "; mend it, or give a bare value"};
  if (!document && !is_utf8(text))
    return error{errc::downlink_payload_invalid, "the payload is not UTF-8; give JSON or text"};
  return "{" + json_quoted(member) + ":" + (document ? document->compact() : json_quoted(text)) + "}";
}

result<model::downlink> read_by_name(std::string_view name, std::string_view payload, named_downlinks named) {
  const auto* const found = find_named(named, name);
  if (found == nullptr)
    return error{errc::method_unknown, shown(name) + "; name it as [application.command.NAME]"};
  return read_named(*found, found->name, payload);
}

// The property of this name in any letter case; an error where there are two.
result<const std::string*> find_property(c2d_properties properties, std::string_view name) {
  const std::string* found = nullptr;
  for (const auto& [key, value] : properties) {
    if (!equals_ignoring_case(key, name)) continue;
    if (found != nullptr)
      return error{errc::downlink_member_invalid, std::string{name} + " is given twice; give it once"};
    found = &value;
  }
  return found;
}

// Where the property is there.
template <class Value, class Target>
result<void> read_property(c2d_properties properties, std::string_view name,
                           result<Value> (*read)(std::string_view, std::string_view), Target& into) {
  const auto text = find_property(properties, name);
  if (!text) return text.fault();
  if (*text == nullptr) return {};
  auto value = read(name, **text);
  if (!value) return std::move(value).fault();
  into = std::move(*value);
  return {};
}

result<void> read_c2d_body(std::string_view body, model::downlink& into) {
  const auto text = trimmed(body);
  if (text.empty())
    return error{errc::downlink_payload_missing, "the body is empty; give a JSON object or base64"};
  const auto document = parse_json(text);
  if (document && (document->is_object() || document->is_array())) {
    into.decoded_payload = document->compact();
    return {};
  }
  if (!document && !base64_decode(text)) {
    const bool meant_as_json = text.front() == '{' || text.front() == '[';
    return error{errc::downlink_payload_invalid,
                 meant_as_json ? "the body is not valid JSON, " + document.fault().detail() + "; mend it"
                               : "the body is neither a JSON object or array nor base64; give one of these"};
  }
  auto bytes = read_base64_payload("the body", text);
  if (!bytes) return std::move(bytes).fault();
  into.frm_payload = std::move(*bytes);
  return {};
}

// The members of a method, of a twin's lorawan.downlink: names, and how each is read.
class call_reader {
public:
  result<model::downlink_call> read(const json_span& object) {
    for (json_cursor at{object}; at.next();) {
      if (!at.value().present()) continue;
      if (auto good = read_member(at.key(), at.value()); !good) return std::move(good).fault();
    }
    const auto& what = made_.what;
    if (what.frm_payload.empty() && what.decoded_payload.empty())
      return error{errc::downlink_payload_missing, "give frm_payload or decoded_payload"};
    if (!what.frm_payload.empty() && !what.decoded_payload.empty())
      return error{errc::downlink_payload_invalid,
                   "frm_payload and decoded_payload are both given; give one of them"};
    if (!what.f_port && what.decoded_payload.empty())
      return error{errc::downlink_port_invalid, "f_port is missing; give a number from 1 to 223"};
    return made_;
  }

private:
  result<void> read_member(std::string_view key, const json_span& value) {
    auto& what = made_.what;
    if (is_named(key, "f_port")) return keep(read_port("f_port", value.text()), what.f_port);
    if (is_named(key, "frm_payload")) return read_bytes(value);
    if (is_named(key, "decoded_payload"))
      return keep(read_decoded_payload("decoded_payload", value), what.decoded_payload);
    if (is_named(key, "confirmed")) return keep(read_confirmed("confirmed", value.text()), what.confirmed);
    if (is_named(key, "priority")) return keep(read_priority("priority", words_of(value)), what.priority);
    if (is_named(key, "queue")) return keep(read_queue("queue", words_of(value)), what.queue);
    if (is_named(key, "class_b_c")) return keep(read_class_b_c(value), what.class_b_c);
    if (is_named(key, "max_attempts")) return read_attempts(value);
    if (is_named(key, "wait")) return read_wait(words_of(value));
    if (is_named(key, "wait_seconds")) return read_wait_seconds(value);
    if (is_named(key, "id")) return read_id(value);
    return error{errc::downlink_member_invalid,
                 shown(key) + " is no member of a downlink; there are f_port, frm_payload, decoded_payload, "
                              "confirmed, priority, queue, class_b_c, max_attempts, wait, wait_seconds, id"};
  }

  // Text without its quotation marks, anything else as it is written.
  static std::string words_of(const json_span& value) {
    return value.string().value_or(std::string{value.text()});
  }
  template <class Value, class Target>
  static result<void> keep(result<Value> value, Target& into) {
    if (!value) return std::move(value).fault();
    into = std::move(*value);
    return {};
  }
  result<void> read_bytes(const json_span& value) {
    const auto text = read_member_text(errc::downlink_payload_invalid, "frm_payload", value);
    if (!text) return text.fault();
    return keep(read_base64_payload("frm_payload", *text), made_.what.frm_payload);
  }
  result<void> read_attempts(const json_span& value) {
    const auto number = read_number_to(model::most_attempts, "max_attempts", value);
    if (!number) return number.fault();
    made_.what.max_attempts = static_cast<std::uint8_t>(*number);
    return {};
  }
  result<void> read_wait(const std::string& words) {
    if (words == "queued")
      made_.wait = model::awaited_step::queued;
    else if (words == "sent")
      made_.wait = model::awaited_step::sent;
    else if (words == "acknowledged")
      made_.wait = model::awaited_step::acknowledged;
    else
      return error{errc::downlink_member_invalid,
                   "wait is " + shown(words) + "; give queued, sent or acknowledged"};
    return {};
  }
  result<void> read_wait_seconds(const json_span& value) {
    const auto number = read_number_to(longest_wait, "wait_seconds", value);
    if (!number) return number.fault();
    made_.wait_for = seconds{*number};
    return {};
  }
  result<void> read_id(const json_span& value) {
    const auto words = words_of(value);
    if ((!value.is_string() && !value.is_number()) || words.empty() || words.size() > longest_id)
      return error{errc::downlink_member_invalid, "id is " + shown(words) + "; give 1 to 128 bytes of text"};
    made_.id = words;
    return {};
  }

  model::downlink_call made_;
};

result<void> read_raw_member(std::string_view key, const json_span& value, model::downlink& into) {
  const auto keep = [](auto read, auto& target) -> result<void> {
    if (!read) return std::move(read).fault();
    target = std::move(*read);
    return {};
  };
  const auto words = value.string().value_or(std::string{value.text()});
  if (key == "fPort") return keep(read_port("rawDownlink.fPort", value.text()), into.f_port);
  if (key == "confirmed") return keep(read_confirmed("rawDownlink.confirmed", value.text()), into.confirmed);
  if (key == "operation") return keep(read_queue("rawDownlink.operation", words), into.queue);
  if (key == "framePayload") {
    const auto text = read_member_text(errc::downlink_payload_invalid, "rawDownlink.framePayload", value);
    if (!text) return text.fault();
    return keep(read_hex_payload("rawDownlink.framePayload", *text), into.frm_payload);
  }
  return error{errc::downlink_member_invalid,
               shown(key) +
                   " is no member of rawDownlink; there are fPort, framePayload, confirmed and operation"};
}

// As The Things Industries' integration has it; each may be absent.
result<model::downlink> read_integration(const json_span& decoded, const json_span& raw) {
  model::downlink made;
  if (decoded.present()) {
    auto fields = read_decoded_payload("decodedPayload", decoded);
    if (!fields) return std::move(fields).fault();
    made.decoded_payload = std::move(*fields);
  }
  if (raw.present() && !raw.is_object())
    return error{errc::downlink_member_invalid, "rawDownlink is not an object; give fPort and framePayload"};
  for (json_cursor at{raw}; at.next();) {
    if (!at.value().present()) continue;
    if (auto good = read_raw_member(at.key(), at.value(), made); !good) return std::move(good).fault();
  }
  if (made.frm_payload.empty() && made.decoded_payload.empty())
    return error{errc::downlink_payload_missing, "give rawDownlink.framePayload or decodedPayload"};
  if (!made.f_port && made.decoded_payload.empty())
    return error{errc::downlink_port_invalid, "rawDownlink.fPort is missing; give a number from 1 to 223"};
  return made;
}

// The members of a twin are the operator's own: their letter case counts.
struct desired_members {
  json_span own, decoded, raw, version;

  explicit desired_members(const json_span& desired) {
    json_span lorawan;
    for (json_cursor at{desired}; at.next();) {
      if (at.key() == "lorawan") lorawan = at.value();
      if (at.key() == "decodedPayload") decoded = at.value();
      if (at.key() == "rawDownlink") raw = at.value();
      if (at.key() == "$version") version = at.value();
    }
    for (json_cursor at{lorawan}; at.next();)
      if (at.key() == "downlink") own = at.value();
  }
};

void append_canonical(std::string& out, std::string_view name, const json_span& value) {
  if (!value.present()) return;
  if (!out.empty()) out += ',';
  out.append(json_quoted(name)).append(":").append(value.canonical());
}

result<model::downlink> read_desired_members(const desired_members& of) {
  if (!of.own.present()) return read_integration(of.decoded, of.raw);
  if (of.decoded.present() || of.raw.present())
    return error{errc::twin_ambiguous,
                 "lorawan.downlink beside decodedPayload or rawDownlink; set the others to null"};
  if (!of.own.is_object())
    return error{errc::downlink_member_invalid,
                 "lorawan.downlink is not an object; give a downlink's members"};
  auto call = call_reader{}.read(of.own);
  if (!call) return std::move(call).fault();
  return std::move(call->what);
}

} // namespace

result<model::downlink> read_c2d(c2d_properties properties, std::string_view body, named_downlinks named) {
  const auto method = find_property(properties, "method-name");
  if (!method) return method.fault();
  if (*method != nullptr) return read_by_name(**method, body, named);
  model::downlink made;
  if (auto good = read_property(properties, "Port", read_port, made.f_port); !good)
    return std::move(good).fault();
  if (!made.f_port)
    return error{errc::downlink_port_invalid, "Port is missing; set the property to a number from 1 to 223"};
  if (auto good = read_property(properties, "Confirmed", read_confirmed, made.confirmed); !good)
    return std::move(good).fault();
  if (auto good = read_property(properties, "Priority", read_priority, made.priority); !good)
    return std::move(good).fault();
  if (auto good = read_property(properties, "Queue", read_queue, made.queue); !good)
    return std::move(good).fault();
  if (auto good = read_c2d_body(body, made); !good) return std::move(good).fault();
  return made;
}

result<model::downlink_call> read_method(std::string_view name, std::string_view payload,
                                         named_downlinks named) {
  if (name != built_in_method) {
    auto made = read_by_name(name, payload, named);
    if (!made) return std::move(made).fault();
    model::downlink_call call;
    call.what = std::move(*made);
    return call;
  }
  const auto document = parse_json(payload);
  if (!document)
    return error{errc::downlink_payload_invalid,
                 "the payload is not valid JSON, " + document.fault().detail()};
  if (!document->is_object())
    return error{errc::downlink_payload_invalid, "the payload is not an object; give f_port and a payload"};
  return call_reader{}.read(*document);
}

result<model::downlink> read_named(const named_downlink& of, std::string_view member,
                                   std::string_view payload) {
  auto fields = payload_of(of, member, payload);
  if (!fields) return std::move(fields).fault();
  model::downlink made;
  made.f_port = of.f_port;
  made.confirmed = of.confirmed;
  made.priority = of.priority;
  made.queue = of.queue;
  made.decoded_payload = std::move(*fields);
  return made;
}

result<model::desired_downlink> read_desired(std::string_view desired) {
  const auto document = parse_json(desired);
  if (!document) return document.fault();
  if (!document->is_object()) return error{errc::json_malformed, "the desired properties are not an object"};
  const desired_members members{*document};
  model::desired_downlink made;
  const auto version = members.version.text();
  std::from_chars(version.data(), version.data() + version.size(), made.version);
  append_canonical(made.object, "decodedPayload", members.decoded);
  append_canonical(made.object, "lorawan.downlink", members.own);
  append_canonical(made.object, "rawDownlink", members.raw);
  if (!made.object.empty()) made.what = read_desired_members(members);
  return made;
}

} // namespace causeway::tts
