// SPDX-License-Identifier: Apache-2.0
#include "stack/stack_call.h"

namespace causeway::stack {

net::http_call make_stack_call(const std::string& base_url, const secret& api_key, const std::string& path,
                               std::string_view accept) {
  net::http_call call;
  call.url = base_url + "/api/v3" + path;
  call.headers = {{"Authorization", "Bearer " + std::string{api_key.reveal()}},
                  {"Accept", std::string{accept}}};
  return call;
}

} // namespace causeway::stack
