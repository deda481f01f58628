// SPDX-License-Identifier: Apache-2.0
#include "tts/messages.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "tts/downlink_event.h"
#include "tts/event_key.h"
#include "tts/json_span.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace causeway::tts {
namespace {

using model::event_kind;

struct kind_name {
  std::string_view member;
  event_kind kind;
};

constexpr kind_name kind_names[] = {
    {"uplink_message", event_kind::uplink},
    {"uplink_normalized", event_kind::uplink_normalized},
    {"join_accept", event_kind::join_accept},
    {"downlink_queued", event_kind::downlink_queued},
    {"downlink_sent", event_kind::downlink_sent},
    {"downlink_ack", event_kind::downlink_ack},
    {"downlink_nack", event_kind::downlink_nack},
    {"downlink_failed", event_kind::downlink_failed},
    {"downlink_queue_invalidated", event_kind::downlink_queue_invalidated},
    {"location_solved", event_kind::location_solved},
    {"service_data", event_kind::service_data},
};

struct envelope {
  json_span end_device_ids, received_at, simulated, correlation_ids;
  event_kind kind = event_kind::unknown;
  json_span content;     // of the kind's member
  bool unmasked = false; // nothing can have been left out
  bool whole = false;    // nothing of the envelope has been left out
};

error invalid(std::string_view field, std::string_view rule) {
  return error{errc::field_invalid, std::string{field} + " " + std::string{rule}};
}

// What somebody sent, made fit for a log line.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t shown = 48;
  return text.size() <= shown ? json_quoted(text) : json_quoted(text.substr(0, shown)) + "…";
}

// What people copy out of the Console, an event stream, the storage's answers or the CLI: an event in a
// wrapping.
std::string describe_foreign(json_span root) {
  if (root.is_array()) return "the body is an array; take one of its elements";
  if (!root.is_object()) return "the body is not an object";
  json_span name, data, answer;
  read_members(root, {{"name", &name}, {"data", &data}, {"result", &answer}});
  if (answer.is_object()) return "this is a record of a stream; take its `result`";
  if (name.is_string() && data.is_object())
    return "this is an event as the Console shows it; take its `data`";
  return "the body has neither end_device_ids nor a kind";
}

result<envelope> read_envelope(const json_span& root) {
  if (!root.is_object()) return error{errc::event_unrecognised, describe_foreign(root)};
  envelope found;
  for (json_cursor member{root}; member.next();) {
    const auto key = member.key();
    if (is_named(key, "end_device_ids")) {
      found.end_device_ids = member.value();
    } else if (is_named(key, "received_at")) {
      found.received_at = member.value();
    } else if (is_named(key, "simulated")) {
      found.simulated = member.value();
    } else if (is_named(key, "correlation_ids")) {
      found.correlation_ids = member.value();
    } else if (member.value().present()) {
      const auto* known = std::find_if(std::begin(kind_names), std::end(kind_names),
                                       [&](const kind_name& name) { return is_named(key, name.member); });
      if (known == std::end(kind_names)) continue;
      if (found.kind != event_kind::unknown && found.kind != known->kind)
        return error{errc::event_unrecognised, "the body is of two kinds"};
      if (!member.value().is_object()) return invalid(known->member, "is not an object");
      found.kind = known->kind;
      found.content = member.value();
    }
  }
  if (found.kind == event_kind::unknown && !found.end_device_ids.present())
    return error{errc::event_unrecognised, describe_foreign(root)};
  return found;
}

result<std::string> read_text(json_span span, std::string_view field) {
  if (!span.present()) return std::string{};
  auto text = span.string();
  if (!text) return invalid(field, "is not a string");
  return std::move(*text);
}

// absent: what an absent one stands for; nothing: not known.
result<std::optional<bool>> read_bool(json_span span, std::string_view field, std::optional<bool> absent) {
  if (!span.present()) return absent;
  if (span.is_false()) return std::optional{false};
  if (span.is_true()) return std::optional{true};
  return invalid(field, "is not true or false");
}

result<std::uint32_t> read_uint32(json_span span, std::string_view field, std::uint32_t largest) {
  if (!span.present()) return std::uint32_t{0};
  const auto value = parse_integer<std::uint32_t>(span.text());
  if (!value || *value > largest)
    return invalid(field, "is not an integer from 0 to " + std::to_string(largest));
  return *value;
}

result<std::string> read_base64(json_span span, std::string_view field) {
  auto text = read_text(span, field);
  if (text && !base64_decode(*text)) return invalid(field, "is not base64");
  return text;
}

bool is_zero_time(std::string_view text) {
  constexpr std::string_view zero = "0001-01-01T00:00:00";
  return text.starts_with(zero) && text.find_first_not_of(".0", zero.size()) == text.size() - 1 &&
         text.back() == 'Z';
}

// As sent; empty for none, which Go's zero time stands for too.
result<std::string> read_time(json_span span, std::string_view field) {
  auto text = read_text(span, field);
  if (!text || text->empty()) return text;
  if (is_zero_time(*text)) return std::string{};
  // Outside these years a moment does not fit the clock's nanoseconds.
  const auto year = std::string_view{*text}.substr(0, 4);
  if (text->size() > 40 || year < "1678" || year > "2261" || !parse_rfc3339(*text))
    return invalid(field, "is not a time: " + in_quotes(*text));
  return text;
}

// The body's id, or the path's where the body has none.
result<std::string> choose_id(json_span in_body, const std::string& in_path, std::string_view field,
                              bool must_match) {
  auto id = read_text(in_body, field);
  if (!id) return id;
  if (id->empty()) *id = in_path;
  if (id->empty()) return error{errc::identifiers_missing, std::string{field}};
  if (!is_valid_tts_id(*id))
    return error{errc::identifier_invalid, std::string{field} + " " + in_quotes(*id)};
  if (must_match && !in_path.empty() && *id != in_path)
    return error{errc::identifiers_mismatch,
                 std::string{field} + " " + in_quotes(*id) + ", in the path " + in_quotes(in_path)};
  return id;
}

result<void> read_ids(json_span ids, const path_ids& path, model::event& event) {
  if (ids.present() && !ids.is_object()) return invalid("end_device_ids", "is not an object");
  json_span device, applications, application, eui;
  read_members(ids, {{"device_id", &device}, {"application_ids", &applications}, {"dev_eui", &eui}});
  if (applications.present() && !applications.is_object())
    return invalid("application_ids", "is not an object");
  read_members(applications, {{"application_id", &application}});

  auto application_text = choose_id(application, path.application, "application_id", true);
  if (!application_text) return application_text.fault();
  auto device_text = choose_id(device, path.device, "device_id", path.device_must_match);
  const auto eui_text = read_text(eui, "dev_eui");
  if (!device_text && device_text.fault().code() == errc::identifiers_missing && eui_text &&
      !eui_text->empty())
    return error{errc::identifiers_missing, "device_id; the dev_eui alone names no device"};
  if (!device_text) return device_text.fault();
  if (!eui_text) return eui_text.fault();
  if (!eui_text->empty() && !is_valid_eui(*eui_text))
    return error{errc::identifier_invalid, "dev_eui " + in_quotes(*eui_text)};

  event.from = {application_id{std::move(*application_text)}, device_id{std::move(*device_text)}};
  if (!eui_text->empty()) event.dev_eui = dev_eui{to_upper(*eui_text)};
  return {};
}

double number_or_zero(json_span span) {
  double value = 0.0;
  if (span.is_number()) std::from_chars(span.text().data(), span.text().data() + span.text().size(), value);
  return value;
}

// Radio metadata informs and decides nothing, so an entry in another shape costs its figures, not the uplink.
result<void> read_gateways(json_span receptions, model::uplink& uplink) {
  if (!receptions.present()) return {};
  if (!receptions.is_array()) return invalid("rx_metadata", "is not an array");
  double best_snr = 0.0, best_rssi = 0.0;
  json_span rssi_text, snr_text;
  std::uint32_t count = 0;
  for (json_cursor entry{receptions}; entry.next(); ++count) {
    json_span rssi, snr;
    read_members(entry.value(), {{"rssi", &rssi}, {"snr", &snr}});
    const double entry_rssi = number_or_zero(rssi), entry_snr = number_or_zero(snr);
    const bool better = entry_snr > best_snr || (entry_snr == best_snr && entry_rssi > best_rssi);
    if (count != 0 && !better) continue;
    best_snr = entry_snr;
    best_rssi = entry_rssi;
    rssi_text = rssi;
    snr_text = snr;
  }
  uplink.gateways = count;
  if (rssi_text.is_number()) uplink.rssi = rssi_text.text();
  if (snr_text.is_number()) uplink.snr = snr_text.text();
  if (!snr_text.present() && rssi_text.is_number()) uplink.snr = "0";
  return {};
}

std::string kilohertz(std::uint32_t hertz) {
  auto text = std::to_string(hertz / 1000);
  if (hertz % 1000 == 0) return text;
  auto fraction = std::to_string(1000 + hertz % 1000);
  fraction.front() = '.';
  while (fraction.back() == '0')
    fraction.pop_back();
  return text + fraction;
}

std::string describe_data_rate(json_span settings) {
  json_span data_rate, lora, fsk, lrfhss;
  read_members(settings, {{"data_rate", &data_rate}});
  read_members(data_rate, {{"lora", &lora}, {"fsk", &fsk}, {"lrfhss", &lrfhss}});
  json_span bandwidth, spreading_factor, bit_rate, width;
  read_members(lora, {{"bandwidth", &bandwidth}, {"spreading_factor", &spreading_factor}});
  read_members(fsk, {{"bit_rate", &bit_rate}});
  read_members(lrfhss, {{"operating_channel_width", &width}});
  const auto hertz = parse_integer<std::uint32_t>(bandwidth.text()),
             factor = parse_integer<std::uint32_t>(spreading_factor.text());
  if (hertz && factor) return "SF" + std::to_string(*factor) + "BW" + kilohertz(*hertz);
  if (const auto rate = parse_integer<std::uint32_t>(bit_rate.text())) return "FSK" + std::to_string(*rate);
  if (const auto channel = parse_integer<std::uint32_t>(width.text()))
    return "LRFHSS" + std::to_string(*channel);
  return {};
}

result<std::string> read_object(json_span span, std::string_view field) {
  if (!span.present()) return std::string{};
  if (!span.is_object()) return invalid(field, "is not an object");
  return span.compact();
}

// The content's own received_at.
result<void> read_network_time(json_span span, model::event& event) {
  auto time = read_time(span, "received_at");
  if (!time) return time.fault();
  event.received_at = std::move(*time);
  return {};
}

std::optional<std::int64_t> nanoseconds_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto time = parse_rfc3339(text);
  if (!time) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time->time_since_epoch()).count();
}

// Never 0.
std::uint16_t hash_of_session(std::string_view id) {
  std::uint32_t hash = 2166136261; // FNV-1a
  for (const char c : id)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619;
  const auto folded = static_cast<std::uint16_t>(hash >> 16 ^ hash);
  return folded == 0 ? 1 : folded;
}

// What an absent number or flag stands for.
template <class T>
std::optional<T> zero_if(bool whole) {
  return whole ? std::optional{T{}} : std::nullopt;
}

// of.whole so far: what the envelope says.
result<void> read_uplink(const envelope& of, model::event& event) {
  // One walk over the members: an uplink's cost is the walking.
  json_span time, session, port, count, payload, decoded, normalized, receptions, settings, confirmed;
  read_members(of.content, {{"received_at", &time},
                            {"session_key_id", &session},
                            {"f_port", &port},
                            {"f_cnt", &count},
                            {"frm_payload", &payload},
                            {"decoded_payload", &decoded},
                            {"normalized_payload", &normalized},
                            {"rx_metadata", &receptions},
                            {"settings", &settings},
                            {"confirmed", &confirmed}});
  const bool is_uplink = event.kind == event_kind::uplink;
  const bool whole =
      of.whole && (of.unmasked || (time.present() && receptions.present() && settings.present()));
  if (auto read = read_network_time(time, event); !read) return read;
  const auto f_port = read_uint32(port, "f_port", 255);
  if (!f_port) return f_port.fault();
  const auto f_cnt = read_uint32(count, "f_cnt", 0xffffffff);
  if (!f_cnt) return f_cnt.fault();
  auto frm_payload = read_base64(payload, "frm_payload");
  if (!frm_payload) return frm_payload.fault();
  auto fields =
      is_uplink ? read_object(decoded, "decoded_payload") : read_object(normalized, "normalized_payload");
  if (!fields) return fields.fault();
  const auto wants_answer = read_bool(confirmed, "confirmed", zero_if<bool>(whole));
  if (!wants_answer) return wants_answer.fault();
  auto session_key_id = read_base64(session, "session_key_id");
  if (!session_key_id) return session_key_id.fault();
  auto& uplink = event.what.emplace<model::uplink>();
  if (whole) uplink.gateways = 0;
  if (auto read = read_gateways(receptions, uplink); !read) return read;

  uplink.received_at = nanoseconds_of(event.received_at);
  uplink.f_port = static_cast<std::uint8_t>(*f_port);
  uplink.f_cnt = count.present() ? std::optional{*f_cnt} : zero_if<std::uint32_t>(whole);
  uplink.frm_payload = std::move(*frm_payload);
  uplink.decoded_payload = std::move(*fields);
  if (is_uplink && uplink.decoded_payload.empty() && normalized.is_array())
    uplink.normalized_payload = normalized.compact();
  uplink.has_payload = !uplink.frm_payload.empty() || decoded.present() || normalized.present();
  uplink.confirmed = *wants_answer;
  uplink.data_rate = describe_data_rate(settings);
  uplink.session = zero_if<std::uint16_t>(whole);
  if (!session_key_id->empty()) uplink.session = hash_of_session(*session_key_id);
  uplink.session_key_id = std::move(*session_key_id);
  const auto at = read_key_time(event.received_at);
  if (!at || event.simulated.value_or(false)) return {};
  if (is_uplink)
    event.key = timed_key(event, *at);
  else if (normalized.present())
    event.key = timed_key(event, *at, digest_of(normalized));
  return {};
}

result<void> read_join(json_span content, model::event& event) {
  json_span time, session;
  read_members(content, {{"received_at", &time}, {"session_key_id", &session}});
  if (auto read = read_network_time(time, event); !read) return read;
  auto session_key_id = read_base64(session, "session_key_id");
  if (!session_key_id) return session_key_id.fault();
  if (!session_key_id->empty() && !event.simulated.value_or(false)) {
    const char letter = letter_of(event.kind);
    event.key = model::make_event_key(
        {{&letter, 1}, event.from.application.str(), event.from.device.str(), *session_key_id});
  }
  event.what = model::join{std::move(*session_key_id)};
  return {};
}

// The envelope's received_at, as the key wants it.
std::optional<key_time> envelope_time(const envelope& of, const model::event& event) {
  if (event.simulated.value_or(false)) return std::nullopt;
  const auto text = of.received_at.string();
  return text ? read_key_time(*text) : std::nullopt;
}

result<void> read_location(const envelope& of, model::event& event) {
  json_span service, location;
  read_members(of.content, {{"service", &service}, {"location", &location}});
  const auto name = read_text(service, "service");
  if (!name) return name.fault();
  auto fields = read_object(location, "location");
  if (!fields) return fields.fault();
  event.what = model::location{std::move(*fields)};
  if (const auto at = envelope_time(of, event)) event.key = timed_key(event, *at, *name);
  return {};
}

result<void> read_service(const envelope& of, model::event& event) {
  json_span data;
  read_members(of.content, {{"data", &data}});
  auto fields = read_object(data, "data");
  if (!fields) return fields.fault();
  event.what = model::service{std::move(*fields)};
  if (const auto at = envelope_time(of, event); at && data.present())
    event.key = timed_key(event, *at, digest_of(data));
  return {};
}

result<void> read_content(const envelope& of, model::event& event) {
  switch (event.kind) {
  case event_kind::uplink:
  case event_kind::uplink_normalized:
    return read_uplink(of, event);
  case event_kind::join_accept:
    return read_join(of.content, event);
  case event_kind::location_solved:
    return read_location(of, event);
  case event_kind::service_data:
    return read_service(of, event);
  case event_kind::downlink_queued:
  case event_kind::downlink_sent:
  case event_kind::downlink_ack:
  case event_kind::downlink_nack:
  case event_kind::downlink_failed:
  case event_kind::downlink_queue_invalidated:
    event.what = read_downlink_event(event.kind, of.content,
                                     {of.correlation_ids, of.received_at, of.end_device_ids, of.whole});
    return {};
  case event_kind::unknown:
    return {};
  }
  return {};
}

} // namespace

result<model::event> parse_application_up(std::string_view body, const path_ids& path, masking mask) {
  const auto root = parse_json(body);
  if (!root) return root.fault();
  auto found = read_envelope(*root);
  if (!found) return found.fault();
  found->unmasked = mask == masking::none;
  found->whole = found->unmasked || (found->received_at.present() && found->correlation_ids.present());

  model::event event;
  event.kind = found->kind;
  if (auto read = read_ids(found->end_device_ids, path, event); !read) return read.fault();
  const auto simulated = read_bool(found->simulated, "simulated", zero_if<bool>(found->whole));
  if (!simulated) return simulated.fault();
  event.simulated = *simulated;

  if (auto read = read_content(*found, event); !read) return read.fault();
  auto envelope_time = read_time(found->received_at, "received_at");
  if (!envelope_time) return envelope_time.fault();
  if (event.received_at.empty()) event.received_at = std::move(*envelope_time);
  event.raw = body;
  return event;
}

} // namespace causeway::tts
