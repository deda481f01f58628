// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include "base/digest.h"

#include <openssl/crypto.h>

namespace causeway {

secret& secret::operator=(secret&& other) noexcept {
  if (this != &other) {
    wipe();
    value_ = std::move(other.value_);
    other.wipe();
  }
  return *this;
}

bool secret::equals(std::string_view candidate) const {
  // Digests first: their lengths are equal, so the length of the secret does not show either.
  const auto ours = sha256(value_), theirs = sha256(candidate);
  return CRYPTO_memcmp(ours.data(), theirs.data(), ours.size()) == 0;
}

void secret::wipe() {
  if (!value_.empty()) OPENSSL_cleanse(value_.data(), value_.size());
  value_.clear();
}

} // namespace causeway
