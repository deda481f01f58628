// SPDX-License-Identifier: Apache-2.0
// Hand-written fakes of the core's ports for tests: they record what was asked, in words.
#pragma once

#include "core/shard.h"
#include "model/frame_of.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace causeway::core::testing {
using model::testing::frame_of;

// What was asked, in this order. What one event makes durable is one change, committed at its end: so what a
// change says is compared without its place among the other calls.
struct calls : std::vector<std::string> {
  using std::vector<std::string>::vector;
  bool operator==(const calls& other) const {
    return asked(false) == other.asked(false) && asked(true) == other.asked(true);
  }

  // Of what was asked of anybody but the disk, where there is any.
  const std::string& back() const {
    const auto last =
        std::find_if(rbegin(), rend(), [](const std::string& one) { return !is_of_change(one); });
    return last == rend() ? std::vector<std::string>::back() : *last;
  }

private:
  static bool is_of_change(const std::string& one) {
    constexpr std::array words{
        "done ",          "dead_letter ", "save_device ",  "save_assignment ", "forget_assignment ",
        "forget_device ", "release ",     "forget_command"};
    return std::any_of(words.begin(), words.end(), [&](const char* word) { return one.starts_with(word); });
  }
  std::vector<std::string> asked(bool of_change) const {
    std::vector<std::string> some;
    std::copy_if(begin(), end(), std::back_inserter(some),
                 [&](const std::string& one) { return is_of_change(one) == of_change; });
    if (of_change) std::sort(some.begin(), some.end());
    return some;
  }
};

struct recording_ports final : journal,
                               hub_link,
                               provisioner,
                               registry,
                               formatter,
                               answers,
                               downlinks,
                               command_translator {
  // Numbers are given as they are by the store.
  struct recorded : append_request {
    spool_seq first = 0; // also of a refused event; 0: commands alone
    std::vector<spool_row> rows;
    device_ref device{}; // meaningful where the request names one
  };

  testing::calls calls;             // since the last take()
  std::vector<connect_wish> wishes; // of attach and find_hub
  std::vector<recorded> appended;
  std::vector<change> changes;
  spool_seq next_seq = 1;
  std::vector<std::vector<spool_seq>> reads;
  std::map<std::uint64_t, model::answer> answered;
  std::map<device_ref, device_record> saved;       // the last of each
  std::map<std::string, std::string> fingerprints; // by section; absent = a hub by connection string
  std::map<device_ref, link_progress> in_the_way;  // what hub link and provisioner say of a device
  shard* target = nullptr;
  std::map<command_id, kept_command> commands; // as they stand on disk
  std::vector<command_id> kept_in_order;
  std::vector<command_id> pushed, emptied, looked_for; // in this order
  awaited_step method_wait = awaited_step::queued;     // of each call
  std::vector<std::string> properties;                 // of twins, in this order
  bool reports = true;
  bool spool_is_full = false;
  bool formats_later = false; // the test calls on_formatted
  std::optional<error> format_refuses;
  std::size_t messages_an_event = 1;

  testing::calls take() { return std::exchange(calls, {}); }
  static std::string text(std::uint64_t number) { return std::to_string(number); }

  result<void> append(append_request request) override {
    if (spool_is_full) {
      ++next_seq; // numbers may be skipped
      return error{errc::spool_full};
    }
    if (target != nullptr) next_seq = std::max(next_seq, target->totals().last_row + 1);
    const bool has_number = !request.messages.empty() || request.refused;
    recorded made{std::move(request), has_number ? next_seq : 0, {}, {}};
    made.device = made.append_request::device.value_or(device_ref{});
    for (auto& body : made.messages)
      made.rows.push_back({next_seq++, body});
    if (made.refused) ++next_seq;
    for (const auto& one : made.commands)
      if (commands.insert_or_assign(one.id, one).second) kept_in_order.push_back(one.id);
    if (made.refused)
      calls.push_back("append " + text(made.first) + " refused " + made.refused->from.device.str() + " " +
                      std::string{made.refused->reason.name()});
    else if (!made.commands.empty())
      calls.push_back("keep command" + std::string(made.rows.empty() ? "" : " and report"));
    else
      calls.push_back("append " + text(made.first));
    appended.push_back(std::move(made));
    return {};
  }
  void commit(change what) override {
    for (const auto seq : what.done)
      calls.push_back("done " + text(seq));
    for (const auto& [seq, reason] : what.dead_letters)
      calls.push_back("dead_letter " + text(seq) + " " + std::string{reason.name()});
    for (const auto& record : what.devices)
      save_device(record);
    for (const auto& [device, where, key] : what.assignments)
      calls.push_back(where ? "save_assignment " + text(index_of(device)) + " " + where->hub.str()
                            : "forget_assignment " + text(index_of(device)));
    for (const auto& [device, key] : what.gone) {
      calls.push_back("forget_device " + text(index_of(device)) + " " + key.device.str());
      saved.erase(device);
    }
    for (const auto& id : what.forgotten_commands) {
      calls.push_back("forget_command");
      commands.erase(id);
    }
    for (const auto which : what.released)
      calls.push_back("release " + text(static_cast<std::uint64_t>(which)));
    changes.push_back(std::move(what));
  }
  // What the journal says of the append of this number, of a device of ours; 0: of the last of commands
  // alone.
  std::pair<model::appended, std::vector<fresh_row>> answer_of(spool_seq first, const result<void>& outcome,
                                                               const amount& letters) const {
    std::pair<model::appended, std::vector<fresh_row>> said;
    for (const auto& one : appended) {
      if (one.first != first) continue;
      said.first = {one.id, outcome, letters};
      if (!outcome) continue;
      auto key = one.key;
      for (const auto& row : one.rows)
        said.second.push_back(
            {row.seq, one.device, one.id, std::exchange(key, {}), one.accepted_at, one.accepted, row.body});
    }
    return said;
  }
  void read_back(std::vector<spool_seq> seqs) override {
    calls.push_back("read_back " + text(seqs.size()));
    reads.push_back(std::move(seqs));
  }
  void save_device(const device_record& record) {
    // That it was attached, or refused, for the first time is in `saved` only: nearly every test would have
    // it.
    const auto words = [](const device_record& of) {
      return std::tuple{of.key,      of.dev_eui.str(), of.listed,      of.integration,
                        of.model_id, of.deleted,       of.former_until};
    };
    const auto before = saved.find(record.ref);
    if (before == saved.end() || words(before->second) != words(record))
      calls.push_back("save_device " + text(index_of(record.ref)) + " " + record.key.device.str());
    saved[record.ref] = record;
  }
  void attach(device_ref device, const assignment& where, const connect_wish& wish) override {
    wishes.push_back(wish);
    calls.push_back("attach " + text(index_of(device)) + " " + where.identity.str() + "@" + where.hub.str());
  }
  void close(shard_number which, mono_time) override {
    calls.push_back("close " + text(static_cast<std::uint64_t>(which)));
  }
  void settle(device_ref device, delivery_number which, c2d_settlement how) override {
    calls.push_back("settle " + text(index_of(device)) + " " + text(static_cast<std::uint64_t>(which)) +
                    (how == c2d_settlement::complete ? " complete" : " reject"));
  }
  void answer_call(device_ref device, delivery_number which, const method_answer& what) override {
    calls.push_back("answer_method " + text(index_of(device)) + " " +
                    text(static_cast<std::uint64_t>(which)) + " " + std::to_string(what.status) + " " +
                    what.payload);
  }
  void take_c2d(bool can_store) override { calls.push_back(can_store ? "take_c2d" : "keep_c2d"); }
  void read_twin(device_ref device, bool urgent) override {
    calls.push_back("read_twin " + text(index_of(device)) + (urgent ? " urgent" : ""));
  }
  void report_twin(device_ref device, std::string patch, bool /*urgent*/) override {
    calls.push_back("report_twin " + text(index_of(device)) + " " + patch);
  }
  void push(const command_id& which, const device_key& to, const downlink& what) override {
    calls.push_back("push " + to.device.str() + " " + what.frm_payload + what.decoded_payload);
    pushed.push_back(which);
  }
  void empty_queue(const command_id& which, const device_key& of) override {
    calls.push_back("empty_queue " + of.device.str());
    emptied.push_back(which);
  }
  void read_queue(const command_id& which, const device_key& of) override {
    calls.push_back("read_queue " + of.device.str());
    looked_for.push_back(which);
  }
  void read_record(const command_id& which, const device_key& of) override {
    calls.push_back("read_record " + of.device.str());
    looked_for.push_back(which);
  }
  // The body, or the payload, is what is to be sent; "confirmed …" and "replace …" say so of it; "bad" is
  // refused. A method's name is the caller's id, unless it is "anew".
  static result<downlink> read_text(const std::string& text) {
    if (text == "bad") return error{errc::downlink_payload_invalid, text};
    if (text == "long") return error{errc::downlink_payload_too_long, text};
    downlink made;
    made.f_port = 10;
    made.frm_payload = text;
    made.confirmed = text.starts_with("confirmed");
    if (text.starts_with("replace")) made.queue = queue_operation::replace;
    return made;
  }
  result<downlink> read_c2d(const application_id&, const c2d_message& what) const override {
    return read_text(what.body);
  }
  result<downlink_call> read_method(const application_id&, const method_call& what) const override {
    auto read = read_text(what.payload);
    if (!read) return std::move(read).fault();
    return downlink_call{*std::move(read), method_wait, seconds{25}, what.name == "anew" ? "" : what.name};
  }
  std::optional<message> write_report(const downlink_report& what) const override {
    if (!reports) return std::nullopt;
    std::string body{to_string(what.state)};
    if (!what.error_name.empty()) body += " " + what.error_name;
    return message{"report", "application/json", "utf-8", std::move(body), {}};
  }
  std::string write_answer(const command_id& /*which*/, command_state state) const override {
    return std::string{to_string(state)};
  }
  std::string write_refusal(const error& why) const override {
    return std::string{why.name()} + (why.detail().empty() ? "" : " " + why.detail());
  }
  // "5 bell;fan=2" asks for bell at $version 5, and for 2 by the property fan; "5" for nothing. Behind a `|`
  // what was told, as it is written below, each behind a `;`.
  result<twin_reading> read_twin(const application_id&, const std::string& document) const override {
    if (document == "bad") return error{errc::json_malformed, document};
    const auto parts = [](std::istringstream from) {
      std::vector<std::string> all;
      for (std::string one; std::getline(from, one, ';');)
        all.push_back(one);
      return all;
    };
    const auto bar = std::min(document.find('|'), document.size());
    const auto desired = parts(std::istringstream{document.substr(0, bar)}),
               told = parts(std::istringstream{document.substr(std::min(bar + 1, document.size()))});
    const auto behind = [](const std::vector<std::string>& all, const std::string& start) {
      for (const auto& one : all)
        if (one.starts_with(start)) return one.substr(start.size());
      return std::string{};
    };
    twin_reading made;
    const auto version = std::stoll(document);
    const auto add = [&](const std::string& property, const std::string& object, const std::string& was) {
      desired_downlink one;
      one.property = property;
      one.version = version;
      one.object = object.empty() || property.empty() ? object : property + "=" + object;
      if (!object.empty()) one.what = read_text(object);
      one.value = property.empty() ? "" : object;
      one.told = was;
      made.desired.push_back(std::move(one));
    };
    const bool asks = !desired.empty() && desired.front().find(' ') != std::string::npos;
    add("", asks ? desired.front().substr(desired.front().find(' ') + 1) : "",
        told.empty() || told.front().find(':') != std::string::npos ? "" : told.front());
    for (const auto& property : properties)
      add(property, behind(desired, property + "="), behind(told, property + ":"));
    return made;
  }
  result<desired_change> read_change(const application_id&, const std::string& patch) const override {
    return desired_change{patch.find_first_of(" ;") != std::string::npos, std::stoll(patch)};
  }
  // "2 queued c", of a property "fan:202 2 queued c on".
  twin_report write_twin_answer(const std::string& property, const std::string& told,
                                const std::optional<twin_answer>& what) const override {
    twin_report made;
    const auto start = property.empty() ? "" : property + ":";
    if (what)
      made.told = (property.empty() ? "" : std::to_string(what->status) + " ") +
                  std::to_string(what->version) + " " + what->state +
                  (what->command.empty() ? "" : " " + what->command) +
                  (what->error_name.empty() ? "" : " " + what->error_name) +
                  (what->value.empty() ? "" : " " + what->value);
    if (made.told != told) made.patch = start + (what ? made.told : "nothing");
    return made;
  }
  std::string read_twin_state(const model::event& from) const override {
    return text(frame_of(from).f_cnt.value_or(0));
  }
  std::string write_twin_state(const std::string& before, const std::string& now) const override {
    return before == now ? std::string{} : before + "->" + now;
  }
  void detach(device_ref device) override { calls.push_back("detach " + text(index_of(device))); }
  void send(device_ref device, spool_seq seq, const message& what) override {
    calls.push_back("send " + text(index_of(device)) + " " + text(seq) + " " + what.body);
  }
  // Of the hub link and of the provisioner.
  link_progress progress(device_ref device) const override {
    const auto found = in_the_way.find(device);
    return found == in_the_way.end() ? link_progress{} : found->second;
  }
  void hurry(device_ref device) override { calls.push_back("hurry " + text(index_of(device))); }
  void call_off(device_ref device) override { calls.push_back("call_off " + text(index_of(device))); }
  void look_up(device_ref device, const device_key& key) override {
    calls.push_back("look_up " + text(index_of(device)) + " " + key.device.str());
  }
  void find_hub(device_ref device, const azure_name& section, const identity& wanted,
                const connect_wish& wish) override {
    wishes.push_back(wish);
    calls.push_back("find_hub " + text(index_of(device)) + " " + wanted.str() + " in " + section.str());
  }
  std::string fingerprint(const azure_name& section) const override {
    const auto found = fingerprints.find(section.str());
    return found == fingerprints.end() ? std::string{} : found->second;
  }
  void format(ticket which, const model::event& event, moment now) override {
    if (formats_later) return;
    if (format_refuses) return target->on_formatted(which, *format_refuses, now);
    std::vector<message> messages;
    for (std::size_t i = 0; i < messages_an_event; ++i)
      messages.push_back({"id",
                          "application/json",
                          "utf-8",
                          event.from.device.str() + "#" + text(frame_of(event).f_cnt.value_or(0)),
                          {}});
    target->on_formatted(which, std::move(messages), now);
  }
  void on_answer(ticket which, model::answer what) override {
    answered[static_cast<std::uint64_t>(which)] = what;
    calls.push_back("answer " + text(static_cast<std::uint64_t>(which)) + " " + std::string{to_string(what)});
  }
};

// A shard with three applications: "plant" by connection string (section "hub"), "field" through DPS
// (section "dps"), and "meters" through DPS, too, whose registry is followed.
struct shard_fixture {
  manual_clock clock;
  recording_ports ports;
  core::shard shard;
  std::uint64_t next_ticket = 1;

  explicit shard_fixture(shard_options options = {}, std::vector<application_rules> by = rules())
      : shard{std::move(by), with_random(std::move(options)), clock.now()} {
    shard.connect({ports, ports, ports, ports, ports, ports, ports, ports});
    ports.target = &shard;
    ports.fingerprints["dps"] = "f1";
  }

  static shard_options with_random(shard_options options) {
    options.random = [] { return 0.5; };
    return options;
  }
  static std::vector<application_rules> rules() {
    std::bitset<event_kinds> events;
    events.set(static_cast<std::size_t>(event_kind::uplink));
    application_rules plant;
    plant.id = application_id{"plant"};
    plant.section = azure_name{"hub"};
    plant.events = events;
    application_rules field = plant;
    field.id = application_id{"field"};
    field.section = azure_name{"dps"};
    field.model_id = "dtmi:x:y;1";
    application_rules meters = field;
    meters.id = application_id{"meters"};
    meters.model_id = "dtmi:x:app;1";
    meters.commands = true;
    meters.follows_registry = true;
    return {plant, field, meters};
  }
  static device_key key(const std::string& application, const std::string& name) {
    return {application_id{application}, device_id{name}};
  }
  static registered_device word(const std::string& name, std::optional<bool> integration = {},
                                const std::string& model = {}) {
    return {key("meters", name), {}, integration, model};
  }
  void registered(const std::string& name, std::optional<bool> integration = {},
                  const std::string& model = {}) {
    shard.on_registered(word(name, integration, model), clock.now());
  }
  device_status status(const std::string& application, const std::string& name) const {
    return shard.view().status(key(application, name)).value_or(device_status{});
  }
  std::uint64_t in_state(device_state state) const {
    return shard.totals().devices[static_cast<std::size_t>(state)];
  }
  static model::event frame(const std::string& application, const std::string& name, std::uint32_t f_cnt) {
    model::event event;
    event.kind = event_kind::uplink;
    event.from = {application_id{application}, device_id{name}};
    frame_of(event).f_port = 1;
    frame_of(event).f_cnt = f_cnt;
    event_key key{};
    key[0] = static_cast<std::uint8_t>(f_cnt);
    key[1] = static_cast<std::uint8_t>(name.back());
    event.key = key;
    return event;
  }

  // All of a start in one piece.
  static void start(core::shard& of, start_image image, moment now) {
    of.begin(std::move(image), now);
    while (of.start_some(1000, now)) {
    }
  }
  void start(start_image image) { start(shard, std::move(image), clock.now()); }

  std::uint64_t post(model::event event) {
    const auto number = next_ticket++;
    shard.on_event(ticket{number}, std::move(event), clock.now());
    return number;
  }
  void spooled(spool_seq seq) {
    amount letters;
    for (const auto& request : ports.appended)
      if (request.first == seq && request.refused) letters = {1, request.refused->raw.size()};
    spooled(seq, {}, letters);
  }
  void spooled(spool_seq seq, const result<void>& outcome, const amount& letters = {}) {
    tell(shard, ports, seq, outcome, letters, clock.now());
  }
  static void tell(core::shard& of, recording_ports& from, spool_seq seq, const result<void>& outcome,
                   const amount& letters, moment now) {
    auto [said, rows] = from.answer_of(seq, outcome, letters);
    of.on_appended({said}, now);
    if (!rows.empty()) of.on_rows(std::move(rows), now);
  }
  void assigned(device_ref ref, const std::string& hub, const std::string& section,
                const std::string& fingerprint, const std::string& name) {
    shard.on_assignment(ref, assignment{hub_host{hub}, identity{name}, azure_name{section}, {}, fingerprint},
                        clock.now());
  }
  // A device of "plant" that is online with nothing waiting; calls are taken.
  device_ref online_device(const std::string& name) {
    post(frame("plant", name, 1));
    const auto seq = ports.appended.back().rows.front().seq;
    const auto ref = ports.appended.back().device;
    spooled(seq);
    assigned(ref, "h", "hub", "", name);
    shard.on_device_attached(ref, clock.now());
    shard.on_send_outcome(ref, seq, {}, clock.now());
    ports.take();
    return ref;
  }
};

} // namespace causeway::core::testing
