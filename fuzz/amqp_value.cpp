// SPDX-License-Identifier: Apache-2.0
// AMQP values, one after the other. Compared as bytes: a NaN equals nothing.
#include "amqp/value.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace causeway;
  auto rest = fuzz::text_of(bytes, size);
  while (!rest.empty()) {
    const auto before = rest;
    const auto read = amqp::decode(rest);
    if (!read) {
      CAUSEWAY_CHECK(rest.data() == before.data() && rest.size() == before.size());
      return 0;
    }
    CAUSEWAY_CHECK(rest.size() < before.size());
    std::string once, twice;
    amqp::encode(once, *read);
    std::string_view again = once;
    const auto reread = amqp::decode(again);
    CAUSEWAY_CHECK(reread && again.empty());
    amqp::encode(twice, *reread);
    CAUSEWAY_CHECK(once == twice);
  }
  return 0;
}
