// SPDX-License-Identifier: Apache-2.0
#include "emulator/service/twin_api.h"

#include "base/encoding.h"
#include "emulator/service/device_json.h"
#include "emulator/service/twin_query.h"
#include "emulator/state/json_text.h"

#include <algorithm>
#include <charconv>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr std::size_t most_in_page = 1000;
constexpr std::size_t usual_page = 100; // of a query that names no number
constexpr std::size_t read_at_once = 1000;

} // namespace

service_answer twin_api::handle(const service_request& request, const identity& id, moment now) {
  if (hub_.registry().find(id) == nullptr) return refuse_unknown_device(id.str(), now.wall);
  if (request.method == "PATCH" || request.method == "PUT") {
    if (!matches_etag(request.if_match, hub_.desks().twin_of(id, now).etag()))
      return refuse_with(412, "PreconditionFailed", "The etag is another one.", now.wall);
    const auto body = read_json(request.body);
    const auto change = body ? read_twin_change(*body, request.method == "PUT") : std::nullopt;
    if (!change)
      return refuse_with(400, "ArgumentInvalid", "tags and properties.desired are JSON objects", now.wall);
    if (const auto refused = hub_.desks().change_twin(id, *change, now))
      return refuse_with(refused->status, refused->status == 413 ? "MessageTooLarge" : "ArgumentInvalid",
                         refused->text, now.wall);
  } else if (request.method != "GET") {
    return refuse_with(405, "InvalidOperation", "GET, PATCH or PUT", now.wall);
  }
  auto shown = answer_with(twin_json(hub_, id, now));
  shown.headers.emplace_back("ETag", '"' + hub_.desks().twin_of(id, now).etag() + '"');
  return shown;
}

service_answer twin_api::query(const service_request& request, moment now) {
  const auto body = read_json(request.body);
  const auto* object = body ? body->if_object() : nullptr;
  const auto* text = object == nullptr ? nullptr : object->if_contains("query");
  const auto query =
      text != nullptr && text->is_string() ? twin_query::parse(text->get_string()) : std::nullopt;
  if (!query)
    return refuse_with(400, "ArgumentInvalid",
                       "this hub knows SELECT * FROM devices [WHERE path = literal [AND …]]", now.wall);
  std::size_t size = usual_page;
  std::from_chars(request.max_items.data(), request.max_items.data() + request.max_items.size(), size);
  size = std::clamp<std::size_t>(size, 1, most_in_page);
  auto after = base64_decode(request.continuation).value_or("");
  json::array page;
  bool is_end = false;
  while (page.size() < size && !is_end) {
    const auto some = hub_.registry().list(after, read_at_once);
    is_end = some.size() < read_at_once;
    for (const auto& id : some) {
      if (page.size() == size) {
        is_end = false;
        break;
      }
      after = id.str();
      if (auto twin = twin_json(hub_, id, now); query->takes(twin)) page.push_back(std::move(twin));
    }
  }
  auto answer = answer_with(page);
  answer.headers.emplace_back("x-ms-item-type", "twin");
  if (!is_end) answer.headers.emplace_back("x-ms-continuation", base64_encode(after));
  return answer;
}

} // namespace causeway::emulator
