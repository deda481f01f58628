// SPDX-License-Identifier: Apache-2.0
// What can be told about devices, one by one and in pages. Changes nothing. Owned by the shard; one thread.
#pragma once

#include "core/words.h"
#include "model/device_filter.h"
#include "model/device_status.h"

#include <optional>

namespace causeway::core {

struct device;
class device_table;
class grace;
class links;
class naming;
class rule_book;

class device_view {
public:
  // All must live as long.
  device_view(const rule_book& rules, const naming& names, const device_table& table, const grace& refused,
              const links& ways)
      : rules_{rules}, names_{names}, table_{table}, grace_{refused}, links_{ways} {}

  // Nothing: it is not known.
  std::optional<device_status> status(const device_key& key) const;
  // The devices behind `after` (nothing: from the first) that are asked for, at most `limit`. A call looks at
  // 65,536 devices at most, so a page may be short, even empty, and yet have a next one.
  device_page list(std::optional<device_ref> after, std::size_t limit,
                   const device_filter& wanted = {}) const;

private:
  device_status status_of(device_ref which, const device& d) const;
  void add_reason(device_status& to, device_ref which, const device& d) const;

  const rule_book& rules_;
  const naming& names_;
  const device_table& table_;
  const grace& grace_;
  const links& links_;
};

} // namespace causeway::core
