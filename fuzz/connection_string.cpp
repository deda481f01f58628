// SPDX-License-Identifier: Apache-2.0
// A connection string as an operator pastes it. The error never shows the key.
#include "azure/connection_string.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace causeway;
  const auto read = azure::parse_connection_string(secret{std::string{fuzz::text_of(bytes, size)}},
                                                   "azure.fuzz.connection_string");
  if (!read) {
    CAUSEWAY_CHECK(!read.fault().message().empty());
    return 0;
  }
  CAUSEWAY_CHECK(!read->key.bytes().empty());
  CAUSEWAY_CHECK(!read->device.empty() || !read->policy.empty());
  return 0;
}
