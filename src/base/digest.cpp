// SPDX-License-Identifier: Apache-2.0
#include "base/digest.h"

#include "base/check.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

namespace causeway {
namespace {

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

} // namespace

sha256_digest sha256(std::string_view bytes) {
  sha256_digest digest;
  SHA256(octets(bytes), bytes.size(), digest.data());
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string digest(32, '\0');
  unsigned length = 0;
  const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets(bytes), bytes.size(),
                          reinterpret_cast<unsigned char*>(digest.data()), &length);
  CAUSEWAY_CHECK(done != nullptr && length == digest.size());
  return digest;
}

} // namespace causeway
