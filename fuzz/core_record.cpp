// SPDX-License-Identifier: Apache-2.0
// A spool record that the disk gives back: what is taken is the encoding, byte for byte.
#include "model/message.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace causeway;
  const auto record = fuzz::text_of(bytes, size);
  const auto read = model::decode_message(record);
  if (!read) {
    CAUSEWAY_CHECK(read.fault().code() == errc::record_corrupt);
    return 0;
  }
  CAUSEWAY_CHECK(model::encode_message(*read) == record);
  return 0;
}
