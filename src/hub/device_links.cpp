// SPDX-License-Identifier: Apache-2.0
#include "hub/device_links.h"

#include "azure/names.h"

#include <array>
#include <string_view>
#include <utility>

namespace causeway::hub {
namespace {

struct role_row {
  azure::link_role address;
  char letter; // of its link's name
  bool sends;
  amqp::settle_mode settles;
  std::string_view api_version; // what SDKs say of it; empty: only with a model id
};
// The order is device_link's. Of methods Java's SDK asks for just these modes, of twins Node's and C's.
constexpr std::array<role_row, 6> role_rows{{
    {azure::link_role::telemetry, 't', true, amqp::settle_mode::unsettled, {}},
    {azure::link_role::c2d, 'c', false, amqp::settle_mode::unsettled, {}},
    {azure::link_role::methods, 'm', false, amqp::settle_mode::mixed, "2021-04-12"},
    {azure::link_role::methods, 'a', true, amqp::settle_mode::unsettled, "2021-04-12"},
    {azure::link_role::twin, 'w', false, amqp::settle_mode::settled, "2021-04-12"},
    {azure::link_role::twin, 'q', true, amqp::settle_mode::settled, "2021-04-12"},
}};

amqp::value symbol_of(std::string_view name) {
  return amqp::value{amqp::symbol{std::string{name}}};
}

// Few of them: the engine keeps each twice. Telemetry's API version comes only with a model id, which needs
// it, as Node's SDK has it.
amqp::value properties_of(const role_row& row, const link_terms& terms) {
  amqp::value_map out = {{symbol_of("com.microsoft:client-version"), amqp::value{terms.client_version}}};
  const auto api_version = terms.model_id.empty() ? row.api_version : std::string_view{"2020-09-30"};
  if (!api_version.empty())
    out.emplace_back(symbol_of("com.microsoft:api-version"), amqp::value{std::string{api_version}});
  if (!terms.model_id.empty())
    out.emplace_back(symbol_of("com.microsoft:model-id"), amqp::value{terms.model_id});
  if (!terms.channel_pair.empty())
    out.emplace_back(symbol_of("com.microsoft:channel-correlation-id"), amqp::value{terms.channel_pair});
  return amqp::value{std::move(out)};
}

} // namespace

amqp::link open_link(device_link role, amqp::session in, const link_terms& terms) {
  const role_row& row = role_rows[static_cast<std::size_t>(role)];
  // Short: the engine keeps names twice, too. The terminus on this side says nothing.
  const std::string name = row.letter + std::to_string(terms.number);
  amqp::link opened = row.sends ? in.sender(name) : in.receiver(name);
  const std::string address = azure::link_address(row.address, terms.device);
  if (row.sends)
    opened.set_target(address);
  else
    opened.set_source(address);
  opened.set_properties(properties_of(row, terms));
  opened.set_context(in.context());
  opened.set_settle_modes(row.settles, amqp::receive_mode::first);
  opened.open();
  return opened;
}

bool is_open(const amqp::link& which) {
  return which && which.remote_open() && !which.remote_terminus_null();
}

} // namespace causeway::hub
