// SPDX-License-Identifier: Apache-2.0
// What somebody in Azure asks for, in each way; what is taken is a push that is JSON.
#include "tts/downlink_request.h"
#include "model/downlink.h"
#include "target.h"
#include "tts/downlink_push.h"
#include "tts/twin_document.h"

#include <boost/json.hpp>

namespace {

using namespace causeway;

void check(const result<model::downlink>& read) {
  if (!read) {
    CAUSEWAY_CHECK(!read.fault().detail().empty());
    return;
  }
  CAUSEWAY_CHECK(!read->frm_payload.empty() || !read->decoded_payload.empty());
  CAUSEWAY_CHECK(read->frm_payload.size() <= model::most_payload_bytes);
  CAUSEWAY_CHECK(!read->f_port || (*read->f_port >= 1 && *read->f_port <= 223));
  boost::json::parse_options options;
  options.max_depth = 256;
  boost::system::error_code fault;
  const auto push = tts::format_push(*read, "causeway:1");
  const auto parsed = boost::json::parse(push, fault, {}, options);
  CAUSEWAY_CHECK(!fault && parsed.as_object().at("downlinks").as_array().size() == 1);
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto input = fuzz::text_of(bytes, size);
  const std::vector<tts::named_downlink> named{{.name = "Fan", .f_port = 11, .payload = ""},
                                               {.name = "hall*target", .f_port = 12, .payload = ""}};
  const std::vector<std::pair<std::string, std::string>> port{{"Port", "1"}}, fan{{"method-name", "Fan"}},
      all{{"Port", std::string{input}},
          {"Confirmed", std::string{input}},
          {"Priority", std::string{input}},
          {"Queue", std::string{input}}};
  check(tts::read_c2d(port, input, named));
  check(tts::read_c2d(fan, input, named));
  check(tts::read_c2d(all, "AQ==", named));
  for (const std::string_view name : {"downlink", "Fan"}) {
    const auto call = tts::read_method(name, input, named);
    check(call ? result<model::downlink>{call->what} : result<model::downlink>{call.fault()});
  }
  const auto twin = tts::read_twin("{\"desired\":" + std::string{input} + "}", named);
  for (const auto& one : twin ? twin->desired : std::vector<model::desired_downlink>{})
    if (!one.object.empty()) check(one.what);
  return 0;
}
