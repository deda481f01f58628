// SPDX-License-Identifier: Apache-2.0
#include "core/records.h"

#include "core/device_table.h"
#include "core/draft.h"
#include "core/grace.h"
#include "core/naming.h"
#include "core/successions.h"

#include <utility>

namespace causeway::core {

void records::save(device_ref which) const {
  const auto& d = table_.at(which);
  device_record record{which,    names_.key_of(d),   d.dev_eui(), d.listed,
                       d.said(), table_.model_of(d), d.deleted};
  record.attached = d.was_attached();
  record.refused_at = grace_.refused_at(which);
  // From the first word on, so that after a crash nothing of the former is taken for the new one's.
  if (const auto* const next = heirs_.heir_of(which)) {
    record.dev_eui = format_eui(next->eui);
    record.former_until = next->until;
    record.former_append = next->last_append;
  }
  book_.save(std::move(record));
}

} // namespace causeway::core
