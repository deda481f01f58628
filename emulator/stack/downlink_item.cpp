// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/downlink_item.h"

#include <algorithm>

namespace causeway::emulator {

namespace json = boost::json;

std::vector<std::string> joined_ids(std::vector<std::string> ids, const std::vector<std::string>& more) {
  ids.insert(ids.end(), more.begin(), more.end());
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

json::array format_ids(const std::vector<std::string>& ids) {
  json::array shown;
  shown.reserve(ids.size());
  for (const auto& id : ids)
    shown.emplace_back(id);
  return shown;
}

json::object format_retry(const downlink_retry& retry) {
  json::object shown;
  if (retry.attempt != 0) shown["attempt"] = retry.attempt;
  if (retry.max_attempts) shown["max_attempts"] = *retry.max_attempts;
  return shown;
}

json::object format_item(const downlink_item& item, item_view view, const std::vector<std::string>& more) {
  json::object shown;
  const bool counted = view != item_view::asked;
  if (counted && !item.session_key_id.empty()) shown["session_key_id"] = item.session_key_id;
  if (item.f_port != 0) shown["f_port"] = item.f_port;
  if (counted && item.f_cnt != 0) shown["f_cnt"] = item.f_cnt;
  if (!item.frm_payload.empty()) shown["frm_payload"] = item.frm_payload;
  if (!counted && !item.decoded_payload.is_null()) shown["decoded_payload"] = item.decoded_payload;
  if (item.confirmed) shown["confirmed"] = true;
  if (!item.class_b_c.empty()) shown["class_b_c"] = item.class_b_c;
  if (!item.priority.empty()) shown["priority"] = item.priority;
  const auto ids = joined_ids(item.correlation_ids, more);
  if (!ids.empty()) shown["correlation_ids"] = format_ids(ids);
  if (view != item_view::sent && item.retry) shown["confirmed_retry"] = format_retry(*item.retry);
  return shown;
}

} // namespace causeway::emulator
