// SPDX-License-Identifier: Apache-2.0
#include "core/desired_watch.h"

namespace causeway::core {

desired_verdict judge_desired(const std::optional<kept_desired>& kept, std::string_view object,
                              std::int64_t version, bool send_first) {
  desired_verdict made;
  made.keep.version = version;
  if (!object.empty()) made.keep.object = make_event_key({object});
  if (object.empty() || (kept && kept->object == made.keep.object)) return made;
  const bool is_old = kept ? version < kept->version : !send_first;
  made.what = is_old ? desired_finding::seen : desired_finding::asked;
  return made;
}

} // namespace causeway::core
