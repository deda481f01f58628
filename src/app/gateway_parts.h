// SPDX-License-Identifier: Apache-2.0
// What a gateway is made of, in the order of construction. For app's own .cpp files. Loop's thread only.
#pragma once

#include "app/backfill_feed.h"
#include "app/certificate_watch.h"
#include "app/clearing_desk.h"
#include "app/command_translator.h"
#include "app/dead_letter_desk.h"
#include "app/gateway.h"
#include "app/message_formatter.h"
#include "app/plan_source.h"
#include "app/randomness.h"
#include "base/rate_meter.h"
#include "cloud/hub_pool.h"
#include "cloud/provisioning.h"
#include "core/command_side.h"
#include "core/explain.h"
#include "core/ledger_view.h"
#include "core/shard.h"
#include "net/wake_up.h"
#include "stack/downlinks.h"
#include "stack/mqtt_source.h"
#include "stack/registry_client.h"
#include "stack/registry_follower.h"
#include "stack/webhook.h"
#include "store/store.h"
#include "watch/command_api.h"
#include "watch/fleet_view.h"
#include "watch/live_feed.h"
#include "watch/pages.h"
#include "watch/trace_exporter.h"

namespace causeway::app {

// Bound, and not served yet.
struct doors {
  net::listener webhook, admin, socket;
  std::optional<net::tls_server_context> tls;        // of the webhook
  std::optional<net::certificate_facts> certificate; // likewise
  watch::api_access admin_access;

  static result<doors> open(net::loop& on, const config::configuration& from,
                            net::inherited_sockets& sockets);
};

struct gateway::parts final : store::store_events,
                              stack::mqtt_watcher,
                              stack::webhook_watcher,
                              watch::fleet_view,
                              watch::command_view,
                              watch::forget_desk {
  net::loop& loop;
  net::task_group tasks;
  randomness random;
  model::timeline spans; // before all that note in it
  std::vector<cloud::azure_section> sections;
  plan_frame frame;
  stack::answer_desk desk;
  net::wake_up core_bell;
  mono_time core_due = mono_time::max();
  core::shard shard;
  message_formatter formatter;
  command_translator words;
  transform::transform_runner transforms;
  std::unique_ptr<store::store> store;
  service_clocks clocks;
  cloud::provisioning provisioning;
  stack::registry_client registry;
  stack::registry_follower changes;
  cloud::hub_pool hubs;
  stack::downlinks pushes;
  std::optional<stack::webhook> webhook;
  std::optional<backfill_feed> feed;
  std::optional<stack::backfill> backfill;
  std::vector<application_id> by_webhook; // applications whose events come in by it
  std::vector<application_id> by_mqtt; // what they miss is told by their connection, whatever else they take
  std::optional<stack::mqtt_source> mqtt;
  std::vector<std::unique_ptr<watch::trace_exporter>> exporters;
  dead_letter_desk letters;
  watch::dead_letter_api letter_api;
  watch::forget_api forgetter{*this};
  watch::command_api commands_api{*this};
  watch::api api;
  watch::live_feed live;
  std::optional<watch::pages> pages, socket_pages;
  std::optional<net::http_server> webhook_server, admin_server, socket_server;
  std::optional<certificate_watch> webhook_certificate; // where it is served by TLS
  wall_time started;
  std::chrono::nanoseconds lag{0};
  rate_meter stored_rate, sent_rate;
  std::optional<error> store_fault;
  bool stopping = false;
  mono_time open_saved{};

  parts(net::loop& on, const config::configuration& from, std::vector<cloud::azure_section> s,
        std::unique_ptr<store::store> disk);

  void on_dead_letters(std::uint64_t request, result<model::dead_letter_page> page) override {
    letters.on_dead_letters(request, std::move(page));
  }
  void on_store_fault(const error& what) override { store_fault = what; }
  void on_store_healed() override { store_fault.reset(); }
  void on_mqtt_up(const application_id& application) override { backfill->on_live(application); }
  void on_mqtt_down(const application_id& application, wall_time since) override {
    backfill->on_down(application, since);
  }
  void on_mqtt_lost(const application_id& application, wall_time since) override {
    backfill->on_missing(application, since);
  }
  void on_turned_away(const application_id& application, wall_time since) override {
    backfill->on_missing(application, since);
  }
  void on_turned_away_unread(wall_time since) override {
    for (const auto& one : by_webhook)
      backfill->on_missing(one, since);
  }
  void start_mqtt(const config::configuration& from);
  // Whether only webhooks tell that its events come in.
  bool is_by_webhook_alone(const application_id& application) const;

  core::shard_options shard_options(const config::configuration& from);
  std::optional<wall_time> service_time(moment now) const;
  void ring_at(mono_time at);
  net::task<> keep_time();
  net::task<> look();
  net::task<> start_known();
  net::task<> give_back_memory();
  void listen(doors at, const config::configuration& from);
  net::task<> drain(mono_time began, mono_time deadline);
  net::task<> finish_pushes();
  net::task<> close_webhook();
  void look_at_certificate(moment now);
  void save_open_seconds();
  result<void> export_spans(const config::configuration& from);

  model::forgetting forget(const model::device_key& key, bool drop_messages) override {
    return shard.forget(key, drop_messages, loop.now());
  }
  model::forget_page forget_some(const application_id& application, model::forgettable which,
                                 bool drop_messages, std::optional<device_ref> after,
                                 std::size_t limit) override {
    return shard.forget_some(application, which, drop_messages, after, limit, loop.now());
  }
  result<application_id> owner_of(const device_id& device) const override;

  model::command_page commands(const model::command_query& asked) const override {
    return core::page_of(shard.commands().book(), asked, shard.open_seconds(loop.now()));
  }
  std::optional<model::command_status> command(const model::command_id& which) const override {
    return core::status_of(shard.commands().book(), which, shard.open_seconds(loop.now()));
  }
  net::task<model::calling_off> cancel(model::command_id which) override {
    return call_off(loop, shard.commands(), std::move(which));
  }
  net::task<model::queue_clearing> clear(model::device_key of) override {
    return clear_queue(loop, shard.commands(), std::move(of));
  }

  // figures.cpp
  moment now() const override { return loop.now(); }
  watch::snapshot figures() const override;
  std::optional<std::string> why_not_ready() const override {
    if (store_fault) return store_fault->message();
    return stopping ? std::optional<std::string>{"stopping"} : std::nullopt;
  }
  model::device_page list(std::optional<device_ref> after, std::size_t limit,
                          const model::device_filter& wanted) const override {
    return shard.view().list(after, limit, wanted);
  }
  std::optional<model::device_status> device(const model::device_key& key) const override {
    return shard.view().status(key);
  }
  std::string explain(const model::device_status& of) const override { return core::explain(of, loop.now()); }
  std::optional<model::device_key> key_of(device_ref ref) const override;
  std::optional<watch::traced_device> trace(device_ref ref) const;
  std::vector<application_id> applications() const override;
  const model::timeline& timeline() const override { return spans; }
  std::vector<model::command_status> commands_of(const model::device_key& key,
                                                 std::size_t most) const override {
    return core::last_of(shard.commands().book(), key, most, shard.open_seconds(loop.now()));
  }
  watch::plan_input plan() const override { return count_plan(shard.devices(), frame); }
};

} // namespace causeway::app
