// SPDX-License-Identifier: Apache-2.0
#include "base/digest.h"

#include "base/check.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace causeway {
namespace {

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// SHA256() looks the algorithm up at each call, which takes longer than the digest of a password: this is
// kept.
class sha256_context {
public:
  sha256_context() : context_{EVP_MD_CTX_new()} {
    auto* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    CAUSEWAY_CHECK(context_ != nullptr && algorithm != nullptr &&
                   EVP_DigestInit_ex2(context_, algorithm, nullptr) == 1);
    EVP_MD_free(algorithm); // the context holds it
  }
  ~sha256_context() { EVP_MD_CTX_free(context_); }
  sha256_context(const sha256_context&) = delete;
  sha256_context& operator=(const sha256_context&) = delete;
  EVP_MD_CTX* get() const { return context_; }

private:
  EVP_MD_CTX* context_;
};

// HMAC() looks both algorithms up at each call, which takes longer than the digest of a token: this is kept.
class hmac_context {
public:
  hmac_context() {
    auto* algorithm = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
    CAUSEWAY_CHECK(algorithm != nullptr);
    context_ = EVP_MAC_CTX_new(algorithm);
    EVP_MAC_free(algorithm); // the context holds it
    char digest_name[] = "SHA256";
    const OSSL_PARAM digest[]{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
                              OSSL_PARAM_construct_end()};
    CAUSEWAY_CHECK(context_ != nullptr && EVP_MAC_CTX_set_params(context_, digest) == 1);
  }
  ~hmac_context() { EVP_MAC_CTX_free(context_); }
  hmac_context(const hmac_context&) = delete;
  hmac_context& operator=(const hmac_context&) = delete;
  EVP_MAC_CTX* get() const { return context_; }

private:
  EVP_MAC_CTX* context_;
};

} // namespace

sha256_digest sha256(std::string_view bytes) {
  thread_local const sha256_context context;
  sha256_digest digest;
  const bool done = EVP_DigestInit_ex2(context.get(), nullptr, nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  CAUSEWAY_CHECK(done);
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  thread_local const hmac_context context;
  std::string digest(32, '\0');
  std::size_t length = 0;
  // OpenSSL takes no key for one of no bytes, and keeps the one before.
  static constexpr unsigned char no_key{};
  const auto* key_octets = key.empty() ? &no_key : octets(key);
  const bool done = EVP_MAC_init(context.get(), key_octets, key.size(), nullptr) == 1 &&
                    EVP_MAC_update(context.get(), octets(bytes), bytes.size()) == 1 &&
                    EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(digest.data()), &length,
                                  digest.size()) == 1;
  CAUSEWAY_CHECK(done && length == digest.size());
  return digest;
}

} // namespace causeway
