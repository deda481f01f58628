// SPDX-License-Identifier: Apache-2.0
#include "hub/device_links.h"

#include "azure/names.h"

#include <string_view>
#include <utility>

namespace causeway::hub {
namespace {

struct role_row {
  azure::link_role role;
  char letter; // of its link's name
  bool sends;
  bool has_model_id;
  bool (*wished)(const link_wish&);
};
constexpr std::array<role_row, 2> role_rows{{
    {azure::link_role::telemetry, 't', true, true, [](const link_wish&) { return true; }},
    {azure::link_role::c2d, 'c', false, false, [](const link_wish& wish) { return wish.commands; }},
}};

amqp::value symbol_of(std::string_view name) {
  return amqp::value{amqp::symbol{std::string{name}}};
}

// Few of them: the engine keeps each twice. The API version comes only with a model id, which needs it, as
// Node's SDK has it.
amqp::value properties_of(const role_row& row, const std::string& model_id,
                          const std::string& client_version) {
  amqp::value_map out = {{symbol_of("com.microsoft:client-version"), amqp::value{client_version}}};
  if (row.has_model_id && !model_id.empty()) {
    out.emplace_back(symbol_of("com.microsoft:api-version"), amqp::value{std::string{"2020-09-30"}});
    out.emplace_back(symbol_of("com.microsoft:model-id"), amqp::value{model_id});
  }
  return amqp::value{std::move(out)};
}

} // namespace

void device_links::open(amqp::session in, const identity& device, const link_wish& wish, std::uint64_t number,
                        const std::string& client_version) {
  static_assert(role_rows.size() == roles && role_rows[0].role == azure::link_role::telemetry);
  for (std::size_t at = 0; at < roles; ++at) {
    const role_row& row = role_rows[at];
    if (!row.wished(wish)) continue;
    // Short: the engine keeps names twice, too. The terminus on this side says nothing.
    const std::string name = row.letter + std::to_string(number);
    amqp::link& link = links_[at] = row.sends ? in.sender(name) : in.receiver(name);
    const std::string address = azure::link_address(row.role, device);
    if (row.sends)
      link.set_target(address);
    else
      link.set_source(address);
    link.set_properties(properties_of(row, wish.model_id, client_version));
    link.set_context(in.context());
    link.set_settle_modes(amqp::settle_mode::unsettled, amqp::receive_mode::first);
    link.open();
  }
}

bool device_links::usable() const {
  for (const amqp::link& link : links_) {
    if (!link) continue;
    if (!link.remote_open() || link.remote_terminus_null()) return false;
    if (link.is_sender() && link.credit() <= 0) return false;
  }
  return static_cast<bool>(telemetry());
}

void device_links::close() {
  for (amqp::link& link : links_)
    if (link) link.close();
}

} // namespace causeway::hub
