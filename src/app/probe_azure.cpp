// SPDX-License-Identifier: Apache-2.0
#include "app/probes.h"
#include "azure/names.h"
#include "base/encoding.h"
#include "dps/answer.h"
#include "dps/registration.h"
#include "net/stream.h"
#include "net/task_group.h"

namespace causeway::app {
namespace {

constexpr std::string_view nobody = "causeway-check-of-nobody";
constexpr device_ref the_device{1};
constexpr std::size_t read_bytes = 16 * 1024;

// One key only: the other one would hide that this is refused.
class one_key final : public hub::token_source {
public:
  one_key(const hub_trial& what) : inner_{*what.section, what.hub, clocks_} {
    if (what.second_key) inner_.next_policy_key(inner_.policy_key());
  }
  hub::auth mode() const { return inner_.mode(); }
  secret device_token(device_ref device, const identity& name, wall_time expiry) override {
    return inner_.device_token(device, name, expiry);
  }
  secret policy_token(wall_time expiry) override { return inner_.policy_token(expiry); }

private:
  service_clocks clocks_; // of this trial alone: what it says of the clock is told by its own lines
  cloud::section_tokens inner_;
};

struct hub_outcome {
  bool opened = false, attached = false;
  std::optional<error> device_fault, fault;
  bool over() const { return attached || device_fault || fault; }
};

void take_events(hub::connection& link, const hub_trial& what, moment now, hub_outcome& into) {
  for (auto& event : link.take_events()) {
    if (std::get_if<hub::opened>(&event)) {
      into.opened = true;
      if (what.device) link.attach(the_device, *what.device, {}, now);
    } else if (std::get_if<hub::attached>(&event)) {
      into.attached = true;
    } else if (auto* gone = std::get_if<hub::detached>(&event)) {
      if (!into.attached) into.device_fault = std::move(gone->why);
    } else if (auto* end = std::get_if<hub::closed>(&event)) {
      if (!into.over()) into.fault = std::move(end->why);
    }
  }
}

net::task<> close_later(std::shared_ptr<net::stream> bytes, std::shared_ptr<bool> late,
                        milliseconds patience) {
  const bool over = co_await net::sleep_for(patience);
  if (!over) co_return;
  *late = true;
  bytes->close();
}

net::task<hub_outcome> speak(probing* shared, const hub_trial* what, one_key* tokens,
                             std::shared_ptr<net::stream> bytes, std::shared_ptr<bool> late) {
  hub::connection_options options;
  options.host = what->hub.id();
  options.container_id = "causeway-check-" + std::to_string(unix_seconds(shared->loop.now().wall));
  options.mode = tokens->mode();
  options.client_version = "causeway/check";
  hub::connection link{std::move(options), *tokens, shared->loop.now()};
  hub_outcome outcome;
  std::string out, buffer(read_bytes, '\0');
  while (true) {
    out.clear();
    if (link.take_output(out)) {
      const auto written = co_await bytes->write(out);
      if (!written) outcome.fault = written.fault();
    }
    take_events(link, *what, shared->loop.now(), outcome);
    if (outcome.over() || (outcome.opened && !what->device)) break;
    out.clear();
    if (link.take_output(out)) {
      const auto written = co_await bytes->write(out);
      if (!written) outcome.fault = written.fault();
      if (!written) break;
    }
    const auto got = co_await bytes->read_some(buffer);
    if (!got) {
      const auto where =
          outcome.opened ? "the device's attach has no answer" : "TLS stands, but AMQP has no answer";
      outcome.fault = *late ? error{errc::connection_timed_out, where} : got.fault();
      break;
    }
    link.on_bytes(std::string_view{buffer}.substr(0, *got), shared->loop.now());
  }
  link.close(shared->loop.now());
  out.clear();
  if (!outcome.fault && link.take_output(out)) static_cast<void>(co_await bytes->write(out));
  co_return outcome;
}

std::string told(const error& what) {
  return std::string{what.name()} + ": " + what.message();
}

} // namespace

net::task<check_lines> try_hub(probing* shared, hub_trial what) {
  check_line line{"hub " + what.hub.id().str() + " of azure." + what.section->name.str() +
                      (what.second_key ? " (secondary_connection_string)" : ""),
                  verdict::bad, ""};
  net::connect_options target;
  target.host = what.hub.host;
  target.port = what.hub.port;
  target.tls = what.section->tls;
  target.time_out = shared->patience;
  auto connected = co_await net::connect(std::move(target));
  check_lines lines;
  if (!connected) {
    line.text = told(connected.fault());
    lines.push_back(std::move(line));
    co_return lines;
  }
  one_key tokens{what};
  const auto bytes = std::make_shared<net::stream>(std::move(connected->bytes));
  const auto late = std::make_shared<bool>(false);
  net::task_group guard{shared->loop};
  guard.spawn("check.hub", net::restart_policy::never,
              [bytes, late, patience = shared->patience] { return close_later(bytes, late, patience); });
  auto outcome = co_await speak(shared, &what, &tokens, bytes, late);
  co_await guard.stop();
  bytes->close();

  const bool by_policy = tokens.mode() == hub::auth::policy;
  const std::string opened = by_policy ? "TLS, AMQP, the policy's token" : "TLS, AMQP";
  if (outcome.fault && !outcome.opened) {
    line.text = told(*outcome.fault);
  } else if (outcome.fault) {
    line.text = opened + " are well; then " + told(*outcome.fault);
  } else if (outcome.device_fault) {
    // With the policy's key proven, what is refused is that one device's trouble.
    line.what = by_policy ? verdict::note : verdict::bad;
    line.text = opened + " are well; the device " + what.device->str() +
                " is refused: " + told(*outcome.device_fault);
  } else {
    line.what = verdict::good;
    line.text =
        opened + (outcome.attached ? ", attach of " + what.device->str() : "; no attach: " + what.no_device);
  }
  lines.push_back(std::move(line));
  co_return lines;
}

net::task<check_lines> try_dps(probing* shared, const cloud::azure_section* section) {
  const auto& host = *section->dps;
  const auto shown = host.port == azure::https_port ? host.host : host.host + ":" + std::to_string(host.port);
  check_line line{"DPS " + shown + " of azure." + section->name.str(), verdict::bad, ""};
  const registration_id id{section->enrolment.group_key ? std::string{nobody}
                                                        : section->enrolment.individual_keys.begin()->first};
  const auto key = section->enrolment.key_of(id);
  const auto begun = shared->loop.now();
  net::http_client client{shared->loop, {section->ca_file}};
  net::http_call call;
  call.method = "POST";
  call.url = "https://" + shown + "/" + percent_encode(section->enrolment.id_scope) + "/registrations/" +
             percent_encode(id.str()) + "?api-version=" + std::string{dps::api_version};
  const auto token = azure::make_sas_token(azure::registration_resource(section->enrolment.id_scope, id),
                                           *key, begun.wall + dps::token_life, azure::registration_policy);
  call.headers = {{"Authorization", std::string{token.reveal()}},
                  {"Accept", "application/json"},
                  {"Content-Type", "application/json; charset=utf-8"}};
  call.body = "{\"registrationId\":" + json_quoted(id.str()) + "}";
  call.time_out = shared->patience;
  const auto answer = co_await client.call(std::move(call));
  check_lines lines;
  if (!answer) {
    line.text = told(answer.fault());
    lines.push_back(std::move(line));
    co_return lines;
  }
  shared->note_date("DPS " + shown, *answer, answer->total);
  constexpr std::int64_t no_record = 404'202;
  const auto refusal = dps::parse_error_answer(answer->body);
  const auto words =
      "HTTP " + std::to_string(answer->status) +
      (refusal.code != 0 ? ", " + std::to_string(refusal.code) + " " + refusal.message : std::string{});
  if (answer->status == 200 || refusal.code == no_record) {
    line.what = verdict::good;
    line.text = std::string{"TLS, id scope and "} +
                (section->enrolment.group_key ? "group key" : "the key of " + id.str()) +
                " (a look-up; nobody was registered)";
  } else if (answer->status == 401) {
    line.text = told(error{errc::dps_unauthorized,
                           "the id scope or the key is wrong, or the enrolment is another's: " + words});
  } else if (answer->status == 404) {
    line.what = verdict::note;
    line.text = "TLS is well; whether id scope and key are right only a registration tells: " + words;
  } else if (answer->status == 429) {
    line.what = verdict::note;
    line.text = told(error{errc::dps_throttled, words});
  } else {
    line.text = told(error{answer->status >= 500 ? errc::dps_busy : errc::dps_request_refused, words});
  }
  lines.push_back(std::move(line));
  co_return lines;
}

} // namespace causeway::app
