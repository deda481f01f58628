// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/network_gateways.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

constexpr std::chrono::seconds late_by{15};
constexpr std::uint64_t outrun_every = 20; // 2 of 39

} // namespace

bool is_unreachable(const network_settings& settings, const downlink_item& item) {
  if (settings.gateway == gateway_manner::away) return true;
  const auto* named = item.class_b_c.if_contains("gateways");
  if (settings.gateways.empty() || named == nullptr || !named->is_array()) return false;
  const auto is_known = [&settings](const boost::json::value& one) {
    const auto* ids = one.is_object() ? one.as_object().if_contains("gateway_ids") : nullptr;
    const auto* id =
        ids != nullptr && ids->is_object() ? ids->as_object().if_contains("gateway_id") : nullptr;
    return id != nullptr && id->is_string() &&
           std::find(settings.gateways.begin(), settings.gateways.end(), std::string_view{id->as_string()}) !=
               settings.gateways.end();
  };
  return std::none_of(named->as_array().begin(), named->as_array().end(), is_known);
}

std::optional<network_report> send_by_gateway(const network_settings& settings, network_context& with,
                                              const downlink_item& item, const std::vector<std::string>& ids,
                                              moment now) {
  auto& book = with.book;
  const auto manner = settings.gateway;
  if (manner == gateway_manner::silent || manner == gateway_manner::away) {
    if (!item.confirmed) book.end(item.number, downlink_end::silent, now.wall);
    return std::nullopt;
  }
  if (manner == gateway_manner::late) {
    with.steps.at(now.mono + late_by, [&book, item](moment then) {
      book.transmit(item, then.wall);
      if (!item.confirmed) book.end(item.number, downlink_end::transmitted, then.wall);
    });
    return std::nullopt;
  }
  const bool failed = manner == gateway_manner::fails;
  if (failed && !item.confirmed) book.end(item.number, downlink_end::failed, now.wall, "transmission");
  if (!failed) {
    book.transmit(item, now.wall);
    if (!item.confirmed) book.end(item.number, downlink_end::transmitted, now.wall);
  }
  if (manner == gateway_manner::no_tx_ack) return std::nullopt;
  if (manner == gateway_manner::hasty && ++with.hasty_words % outrun_every == 0) return std::nullopt;
  network_report what;
  what.kind = failed ? report_kind::failed : report_kind::sent;
  what.item = item;
  what.item_ids = joined_ids(ids, {with.ids.make("gs:tx_ack", now.wall),
                                   with.ids.make("rpc:/ttn.lorawan.v3.GsNs/ReportTxAcknowledgment", now.wall),
                                   with.ids.make("rpc:/ttn.lorawan.v3.NsGs/ScheduleDownlink", now.wall)});
  what.outer_ids = {with.ids.make("rpc:/ttn.lorawan.v3.NsAs/HandleUplink", now.wall)};
  if (failed)
    what.fault = stack_fault{500,
                             2,
                             "pkg/networkserver",
                             "transmission",
                             "downlink transmission failed with result `{result}`",
                             {{"result", settings.tx_result}}};
  return what;
}

} // namespace causeway::emulator
