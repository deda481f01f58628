// SPDX-License-Identifier: Apache-2.0
#include "core/device_view.h"

#include "base/encoding.h"
#include "core/device_table.h"
#include "core/grace.h"
#include "core/links.h"
#include "core/naming.h"
#include "core/rule_book.h"

#include <string>
#include <string_view>
#include <utility>

namespace causeway::core {
namespace {

// Ids of The Things Stack have no capitals.
class text_search {
public:
  explicit text_search(std::string_view text)
      : wanted_{to_lower(text)},
        may_be_eui_{wanted_.find_first_not_of("0123456789abcdef") == std::string::npos} {}
  bool finds(const device& d) const {
    if (wanted_.empty() || d.name().find(wanted_) != std::string_view::npos) return true;
    return may_be_eui_ && d.has_eui && to_lower(d.dev_eui().str()).find(wanted_) != std::string::npos;
  }

private:
  std::string wanted_;
  bool may_be_eui_;
};

} // namespace

device_status device_view::status_of(device_ref which, const device& d) const {
  device_status status;
  status.ref = which;
  status.key = names_.key_of(d);
  status.dev_eui = d.dev_eui();
  if (d.assigned) {
    const auto& hub = table_.hub_of(d);
    status.identity = names_.identity_of(d);
    status.hub = hub.host;
    status.section = hub.section;
    status.through_dps = !hub.fingerprint.empty();
    status.assigned_at = wall_time{seconds{d.assigned_at}};
  }
  status.model_id = names_.model_of(d);
  status.listed = d.listed;
  status.integration = d.said();
  status.looking_up = d.looking_up;
  status.state = d.state();
  status.paused = d.paused();
  status.gated = d.state() == device_state::online && d.gated;
  status.since = d.since();
  status.failures = d.failures();
  add_reason(status, which, d);
  status.distrusted = d.is_distrusted();
  status.waiting = d.waiting;
  status.in_flight = d.in_flight;
  status.deleted = d.deleted;
  status.grace_left = grace_.left(which);
  status.sent = d.sent;
  status.last_seen = d.last_seen;
  status.last_f_cnt = d.last_f_cnt;
  status.gaps = d.gaps;
  status.late = d.late;
  return status;
}

// Why it is left alone; or what stands in its way now, not what the loss was that it began with.
void device_view::add_reason(device_status& to, device_ref which, const device& d) const {
  if (d.state() == device_state::parked || d.paused()) {
    to.reason = d.reason();
    if (d.reason_detail() != nullptr) to.reason_detail = *d.reason_detail();
    to.next_try = d.next_try();
  }
  if (d.state() == device_state::off && !rules_.serves(d)) to.reason = errc::application_unknown;
  const bool is_sending = d.state() == device_state::online && d.in_flight;
  if (d.state() != device_state::attaching && d.state() != device_state::provisioning && !is_sending) return;
  auto progress = links_.progress(which);
  to.waits_for = std::move(progress.waits_for);
  to.waits_since = progress.since;
  if (progress.fault) {
    to.reason = progress.fault->code();
    to.reason_detail = progress.fault->detail();
  }
  if (progress.next_try) to.next_try = *progress.next_try;
}

std::optional<device_status> device_view::status(const device_key& key) const {
  const auto application = rules_.number_of(key.application);
  if (!application) return std::nullopt;
  const auto ref = table_.find(*application, key.device.str());
  if (!ref) return std::nullopt;
  return status_of(*ref, table_.at(*ref));
}

device_page device_view::list(std::optional<device_ref> after, std::size_t limit,
                              const device_filter& wanted) const {
  constexpr std::uint32_t most_looked_at = 65'536;
  device_page page;
  const auto application = rules_.number_of(application_id{wanted.application});
  if (!wanted.application.empty() && !application) return page;
  const text_search text{wanted.text};
  const std::uint32_t first = after ? index_of(*after) + 1 : 0;
  for (auto i = first; i < table_.places(); ++i) {
    if (page.devices.size() >= limit || i - first >= most_looked_at) {
      if (i > 0) page.next = make_ref(i - 1, 0); // a place, whoever has it
      return page;
    }
    const auto ref = table_.at_place(i);
    if (!ref) continue;
    const auto& d = table_.at(*ref);
    if (wanted.state && d.state() != *wanted.state) continue;
    if (application && d.application != *application) continue;
    if (text.finds(d)) page.devices.push_back(status_of(*ref, d));
  }
  return page;
}

} // namespace causeway::core
