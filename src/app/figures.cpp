// SPDX-License-Identifier: Apache-2.0
// What the gateway shows of itself.
#include "app/gateway_parts.h"
#include "watch/api.h"

namespace causeway::app {
namespace {

template <class Of>
std::map<std::string, Of> by_text(std::map<application_id, Of> all) {
  std::map<std::string, Of> out;
  for (auto& [application, totals] : all)
    out.emplace(application.str(), std::move(totals));
  return out;
}

} // namespace

watch::snapshot gateway::parts::figures() const {
  watch::snapshot out;
  const auto now = loop.now();
  out.shard = shard.totals();
  out.commands = shard.commands().totals();
  out.spool = shard.spool_by_application();
  out.oldest = shard.oldest_age(now);
  out.hubs = hubs.totals();
  out.dps = provisioning.totals();
  out.registry = by_text(registry.totals());
  out.backfill = by_text(backfill->totals());
  if (mqtt) out.mqtt = by_text(mqtt->totals());
  for (const auto& [application, totals] : transforms.totals())
    out.transforms[application.str()] = totals;
  out.store = store->counters();
  out.webhook = webhook->totals();
  out.webhook_server = webhook_server->totals();
  for (const auto& one : exporters)
    out.exporters[one->name()] = one->totals();

  for (const auto& one : clocks.readings(now))
    out.clock_skews[one.service] = -std::chrono::duration<double>(one.ahead).count();
  out.stored_a_second = stored_rate.a_second();
  out.sent_a_second = sent_rate.a_second();
  out.spans_noted = spans.noted();
  out.spans_kept = spans.noted() - spans.first_kept();
  if (webhook_certificate) out.certificate_ends["webhook"] = webhook_certificate->facts().ends;
  out.loop_lag = lag;
  out.started = started;
  const auto why_not = why_not_ready();
  out.ready = !why_not;
  out.not_ready_because = why_not.value_or("");
  return out;
}

std::optional<model::device_key> gateway::parts::key_of(device_ref ref) const {
  const auto& table = shard.devices();
  if (!table.contains(ref)) return std::nullopt;
  const auto& d = table.at(ref);
  return model::device_key{frame.applications[d.application].id, device_id{std::string{d.name()}}};
}

std::optional<watch::traced_device> gateway::parts::trace(device_ref ref) const {
  auto key = key_of(ref);
  if (!key) return std::nullopt;
  const auto of = shard.view().status(*key);
  if (!of) return std::nullopt;
  return watch::traced_device{std::move(*key), of->identity, of->hub};
}

result<application_id> gateway::parts::owner_of(const device_id& id) const {
  auto found = watch::find_device(*this, "-", id.str());
  if (!found) return std::move(found).fault();
  return found->key.application;
}

std::vector<application_id> gateway::parts::applications() const {
  std::vector<application_id> all;
  for (const auto& one : frame.applications)
    all.push_back(one.id);
  return all;
}

} // namespace causeway::app
