// SPDX-License-Identifier: Apache-2.0
#include "app/certificate_watch.h"
#include "app/probes.h"
#include "base/encoding.h"
#include "stack/stack_call.h"
#include "stack/stack_fault.h"

#include <algorithm>

namespace causeway::app {
namespace {

constexpr std::string_view devices_read = "RIGHT_APPLICATION_DEVICES_READ";
constexpr std::string_view traffic_read = "RIGHT_APPLICATION_TRAFFIC_READ";
constexpr std::string_view traffic_write = "RIGHT_APPLICATION_TRAFFIC_DOWN_WRITE";

struct need {
  std::string_view right, what_for;
  bool is_asked = true; // by the file; else it is there by default
};

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (const auto& one : parts)
    out.append(out.empty() ? "" : between).append(one);
  return out;
}

bool has(const std::vector<std::string>& list, std::string_view one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

check_line judge_key(const probing& shared, const key_trial& what, const tts::key_facts& facts,
                     std::string subject) {
  const auto& application = *what.application;
  check_line line{std::move(subject), verdict::good, ""};
  std::vector<need> needs;
  if (!what.for_mqtt) {
    needs.push_back({devices_read, "the registry"});
    if (application.backfill) needs.push_back({traffic_read, "backfill"});
    const bool shared_key =
        application.takes("mqtt") && application.mqtt_key->equals(application.api_key->reveal());
    if (shared_key) needs.push_back({traffic_read, "MQTT"});
    if (application.commands) {
      needs.push_back({traffic_write, "downlinks",
                       shared.from.places.has("application." + std::to_string(what.index), "commands")});
      // Of the queue; the network server's record needs the registry's right (real-stack-facts.md 2.1).
      needs.push_back({traffic_read, "a look for downlinks that got no answer", false});
    }
  } else {
    needs.push_back({traffic_read, "MQTT"});
  }
  std::vector<std::string> good, bad, notes;
  for (const auto& one : needs) {
    if (facts.may(one.right))
      good.emplace_back(one.what_for);
    else
      (one.is_asked ? bad : notes)
          .push_back("lacks the right " + std::string{one.right} + " for " + std::string{one.what_for});
  }
  if (facts.application.empty())
    notes.emplace_back(
        "it is no application's key, but a user's or an organization's; give the application one of its own");
  else if (facts.application != application.id.str())
    bad.push_back("it is the key of the application \"" + facts.application + "\"");
  if (facts.expires_at) {
    const auto left = *facts.expires_at - shared.loop.now().wall;
    const auto end = "ends at " + format_rfc3339(*facts.expires_at);
    (left < certificate_notice ? notes : good).push_back(end);
  }
  if (!bad.empty()) {
    line.what = verdict::bad;
    line.text = "registry_unauthorized: the key is accepted, but " + joined(bad, "; ");
  } else {
    line.what = notes.empty() ? verdict::good : verdict::note;
    line.text = "accepted, " + (good.empty() ? "" : "with the rights for " + joined(good, ", ")) +
                (notes.empty() ? "" : (good.empty() ? "" : "; ") + joined(notes, "; "));
  }
  return line;
}

// The host of a URL, without user, port and brackets.
std::string host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url = url.substr(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#{"));
  if (const auto at = url.rfind('@'); at != std::string_view::npos) url = url.substr(at + 1);
  if (url.starts_with('[')) return std::string{url.substr(1, url.find(']') - 1)};
  return std::string{url.substr(0, url.find(':'))};
}

bool leads_to(std::string_view url, const application_id& application) {
  const auto path = "/webhook/" + application.str();
  const auto at = url.find(path);
  return at != std::string_view::npos &&
         (at + path.size() == url.size() ||
          std::string_view{"/{?#"}.find(url[at + path.size()]) != std::string_view::npos);
}

// As the Console writes it: characters up to U+00FF as one byte each; nothing where there are others.
std::optional<std::string> latin1(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      out.push_back(text[i]);
    } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < text.size()) {
      out.push_back(static_cast<char>(((byte & 3U) << 6U) | (static_cast<unsigned char>(text[++i]) & 0x3fU)));
    } else {
      return std::nullopt;
    }
  }
  return out;
}

// What is wrong with the credential that the hook shows; empty when nothing is.
std::string fault_of_log_in(const tts::stack_webhook& hook, const config::application_settings& application) {
  const bool basic = application.webhook_header.empty();
  const std::string name = basic ? "Authorization" : application.webhook_header;
  const auto* given = hook.header(name);
  if (!given || given->empty())
    return basic
               ? "has no Authorization header: set its Basic log-in to the user name and password of the file"
               : "does not set the header " + name;
  const auto wanted =
      basic ? application.webhook_username + ":" + std::string{application.webhook_password.reveal()}
            : std::string{application.webhook_password.reveal()};
  std::optional<std::string> sent{std::string{given->reveal()}};
  constexpr std::string_view scheme = "Basic ";
  if (basic)
    sent = sent->size() >= scheme.size() && equals_ignoring_case(sent->substr(0, scheme.size()), scheme)
               ? base64_decode(sent->substr(scheme.size()))
               : std::nullopt;
  const auto narrow = latin1(wanted);
  const bool same = sent && (secret{wanted}.equals(*sent) || (narrow && secret{*narrow}.equals(*sent)));
  if (same) return {};
  return basic ? "logs in with another user name or password than the file's"
               : "sets the header " + name + " to another value than the file's";
}

// What the file wants to come in, in the stack's words.
std::vector<std::string> wanted_kinds(const config::application_settings& application) {
  const std::pair<std::string_view, const char*> kinds[] = {{"uplink", "uplink_message"},
                                                            {"join", "join_accept"},
                                                            {"location", "location_solved"},
                                                            {"service", "service_data"},
                                                            {"normalized", "uplink_normalized"}};
  std::vector<std::string> wanted;
  for (const auto& [group, kind] : kinds)
    if (has(application.events, group)) wanted.emplace_back(kind);
  return wanted;
}

// Faults of a hook, and what is only odd.
void judge_hook(const config::configuration& from, const config::application_settings& application,
                const tts::stack_webhook& hook, std::vector<std::string>& bad,
                std::vector<std::string>& notes) {
  const auto name = "\"" + hook.id + "\" ";
  if (hook.format != "json") bad.push_back(name + "has the format \"" + hook.format + "\"; it must be JSON");
  if (const auto why = fault_of_log_in(hook, application); !why.empty()) bad.push_back(name + why);
  const bool named_by_path = hook.base_url.find("devID}") != std::string::npos ||
                             std::any_of(hook.paths.begin(), hook.paths.end(), [](const auto& path) {
                               return path.find("devID}") != std::string::npos;
                             });
  if (!hook.leaves("end_device_ids.device_id") && !named_by_path)
    bad.push_back(
        name + "has a field mask without end_device_ids, so that nothing says which device an event is of");
  for (const auto& kind : wanted_kinds(application)) {
    if (!hook.posts(kind)) continue;
    if (!hook.leaves(kind))
      bad.push_back(name + "has a field mask that leaves nothing of " + kind);
    else if (const std::string inner =
                 kind == "uplink_message" || kind == "uplink_normalized" ? kind + "." : "";
             application.takes("mqtt") && kind != "join_accept" && !hook.leaves(inner + "received_at"))
      bad.push_back(name + "has a field mask without " + inner +
                    "received_at, so that what comes by MQTT too would be sent twice");
  }
  const auto host = host_of(hook.base_url);
  if (hook.base_url.starts_with("http://") && from.webhook.tls())
    bad.push_back(name + "posts to http://, but [webhook] serves TLS");
  if (hook.base_url.starts_with("https://") && from.webhook.tls()) {
    const auto facts = net::read_certificate(from.webhook.tls_certificate);
    if (facts && !facts->covers(host))
      notes.push_back(name + "posts to \"" + host + "\", which [webhook]'s certificate is not for (" +
                      joined(facts->names, ", ") + "); well only where a proxy stands between");
  }
}

} // namespace

check_lines judge_webhooks(const config::configuration& from, const config::application_settings& application,
                           const std::vector<tts::stack_webhook>& hooks) {
  check_line line{"webhooks of " + application.id.str(), verdict::bad, ""};
  std::vector<std::string> good, bad, notes, paused;
  std::vector<std::string> posted;
  for (const auto& hook : hooks) {
    if (!leads_to(hook.base_url, application.id)) continue;
    if (hook.paused) {
      paused.push_back("\"" + hook.id + "\"");
      continue;
    }
    good.push_back("\"" + hook.id + "\"");
    posted.insert(posted.end(), hook.kinds.begin(), hook.kinds.end());
    judge_hook(from, application, hook, bad, notes);
  }
  if (good.empty()) {
    line.what = application.takes("mqtt") ? verdict::note : verdict::bad;
    const auto way =
        "none of the application's " + std::to_string(hooks.size()) + " webhook(s) in The Things Stack ";
    line.text = paused.empty() ? way + "has a base URL that ends in /webhook/" + application.id.str() +
                                     "; well only where a proxy changes the path"
                               : "paused in The Things Stack: " + joined(paused, ", ");
    if (!hooks.empty() && paused.empty()) line.what = verdict::note;
    return {std::move(line)};
  }
  for (const auto& kind : wanted_kinds(application))
    if (!has(posted, kind))
      bad.push_back(joined(good, ", ") + " does not post " + kind + ", which events of the file wants");
  if (application.commands)
    for (const std::string kind :
         {"downlink_queued", "downlink_sent", "downlink_ack", "downlink_nack", "downlink_failed"})
      if (!has(posted, kind)) notes.push_back("without " + kind + " that step of a command is not seen");
  if (!bad.empty()) {
    bad.insert(bad.end(), notes.begin(), notes.end());
    line.text = joined(bad, "; ");
  } else {
    line.what = notes.empty() ? verdict::good : verdict::note;
    line.text = joined(good, ", ") + ": base URL, format, log-in, kinds and field mask" +
                (notes.empty() ? "" : "; " + joined(notes, "; "));
  }
  return {std::move(line)};
}

net::task<check_lines> try_api_key(probing* shared, key_trial what) {
  const auto& stack = shared->from.things_stack;
  const auto& application = *what.application;
  const std::string subject = (what.for_mqtt ? "MQTT key of " : "API key of ") + application.id.str();
  const secret& key = what.for_mqtt ? *application.mqtt_key : *application.api_key;
  check_lines lines;
  net::http_client client{shared->loop, {stack.ca_file.string()}};
  auto ask = stack::make_stack_call(stack.base_url, key, "/auth_info");
  ask.time_out = shared->patience;
  const auto answer = co_await client.call(std::move(ask));
  const auto refuse = [&lines](std::string of, const error& why) {
    lines.push_back({std::move(of), verdict::bad, std::string{why.name()} + ": " + why.message()});
  };
  if (!answer) {
    refuse(subject, stack::stack_fault(answer.fault()));
    co_return lines;
  }
  shared->note_date("The Things Stack", *answer, answer->total);
  if (answer->status != 200) {
    auto why = stack::stack_fault(*answer, application.id);
    // What cannot even be a key is answered so.
    if (answer->status == 400) why = error{errc::registry_unauthorized, why.detail()};
    refuse(subject, why);
    co_return lines;
  }
  const auto facts = tts::parse_auth_info(answer->body);
  if (!facts) {
    refuse(subject, facts.fault());
    co_return lines;
  }
  lines.push_back(judge_key(*shared, what, *facts, subject));
  if (what.for_mqtt || !application.takes("webhook")) co_return lines;

  const auto hooks_subject = "webhooks of " + application.id.str();
  if (!facts->may(traffic_read)) {
    lines.push_back(
        {hooks_subject, verdict::note, "not looked at: that needs the right " + std::string{traffic_read}});
    co_return lines;
  }
  auto list = stack::make_stack_call(stack.application_server_url, key,
                                     "/as/webhooks/" + percent_encode(application.id.str()) +
                                         "?field_mask=" + std::string{tts::webhook_fields});
  list.time_out = shared->patience;
  const auto listed = co_await client.call(std::move(list));
  if (!listed || listed->status != 200) {
    // An older stack may not know one of the fields: what cannot be looked at is no fault.
    const auto why =
        listed ? stack::stack_fault(*listed, application.id) : stack::stack_fault(listed.fault());
    const bool unknown_field = listed && listed->status == 400;
    lines.push_back(
        {hooks_subject, unknown_field ? verdict::note : verdict::bad,
         (unknown_field ? "not looked at: " : "") + std::string{why.name()} + ": " + why.message()});
    co_return lines;
  }
  const auto hooks = tts::parse_webhooks(listed->body);
  if (!hooks) {
    refuse(hooks_subject, hooks.fault());
    co_return lines;
  }
  for (auto& line : judge_webhooks(shared->from, application, *hooks))
    lines.push_back(std::move(line));
  co_return lines;
}

} // namespace causeway::app
