// SPDX-License-Identifier: Apache-2.0
#include "net/tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace causeway::net {
namespace {

struct freed {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const { X509_STORE_CTX_free(p); }
  void operator()(FILE* p) const { std::fclose(p); }
};
template <class T>
using owned = std::unique_ptr<T, freed>;

constexpr long ten_years = 3650L * 24 * 3600;
constexpr long a_day = 24L * 3600;

bool is_address(const std::string& name) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, name.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) {
    if (!text.empty()) text += ",";
    text += (is_address(name) ? "IP:" : "DNS:") + name;
  }
  return text;
}

// Names go into OpenSSL's configuration syntax, where a comma or a colon would start something else.
bool is_usable(const std::string& name) {
  constexpr auto allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*";
  return is_address(name) || (!name.empty() && name.find_first_not_of(allowed) == std::string::npos);
}

owned<X509> read_certificate(const std::string& path) {
  const owned<FILE> file{std::fopen(path.c_str(), "re")};
  return owned<X509>{file ? PEM_read_X509(file.get(), nullptr, nullptr, nullptr) : nullptr};
}

owned<EVP_PKEY> read_key(const std::string& path) {
  const owned<FILE> file{std::fopen(path.c_str(), "re")};
  return owned<EVP_PKEY>{file ? PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr) : nullptr};
}

bool covers(X509* certificate, const std::string& name) {
  if (is_address(name)) return X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
  return X509_check_host(certificate, name.c_str(), name.size(), 0, nullptr) == 1;
}

bool is_signed_by(X509* certificate, X509* ca) {
  const owned<X509_STORE> store{X509_STORE_new()};
  const owned<X509_STORE_CTX> check{X509_STORE_CTX_new()};
  return X509_STORE_add_cert(store.get(), ca) == 1 &&
         X509_STORE_CTX_init(check.get(), store.get(), certificate, nullptr) == 1 &&
         X509_verify_cert(check.get()) == 1;
}

bool is_still_good(const std::string& directory, const std::vector<std::string>& names) {
  const auto ca = read_certificate(directory + "/ca.pem");
  const auto server = read_certificate(directory + "/server.pem");
  const auto key = read_key(directory + "/server-key.pem");
  if (!ca || !server || !key) return false;
  if (X509_check_private_key(server.get(), key.get()) != 1 || !is_signed_by(server.get(), ca.get()))
    return false;
  auto tomorrow = std::time(nullptr) + a_day;
  if (X509_cmp_time(X509_get0_notAfter(server.get()), &tomorrow) < 0) return false;
  for (const auto& name : names) {
    if (!covers(server.get(), name)) return false;
  }
  return true;
}

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const owned<X509_EXTENSION> extension{X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str())};
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// What CA and server certificate share: version, serial number, validity, key, subject.
owned<X509> begin_certificate(EVP_PKEY* key, const std::string& common_name) {
  owned<X509> certificate{X509_new()};
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1U);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -a_day);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), ten_years);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  return certificate;
}

owned<X509> make_ca(EVP_PKEY* key) {
  auto ca = begin_certificate(key, "Causeway test CA");
  X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get()));
  const bool made = add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash") &&
                    X509_sign(ca.get(), key, EVP_sha256()) > 0;
  return made ? std::move(ca) : nullptr;
}

owned<X509> make_server(EVP_PKEY* key, X509* ca, EVP_PKEY* ca_key, const std::vector<std::string>& names) {
  auto server = begin_certificate(key, "Causeway test server");
  X509_set_issuer_name(server.get(), X509_get_subject_name(ca));
  const bool made = add_extension(server.get(), ca, NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(server.get(), ca, NID_key_usage, "critical,digitalSignature") &&
                    add_extension(server.get(), ca, NID_ext_key_usage, "serverAuth") &&
                    add_extension(server.get(), ca, NID_subject_key_identifier, "hash") &&
                    add_extension(server.get(), ca, NID_authority_key_identifier, "keyid") &&
                    add_extension(server.get(), ca, NID_subject_alt_name, alternative_names(names)) &&
                    X509_sign(server.get(), ca_key, EVP_sha256()) > 0;
  return made ? std::move(server) : nullptr;
}

// Whole or not at all: into a new file, which then takes the old one's place.
template <class Write>
bool write_file(const std::string& path, Write write) {
  const auto fresh = path + ".new";
  const auto before = ::umask(077);
  owned<FILE> file{std::fopen(fresh.c_str(), "we")};
  ::umask(before);
  if (!file || ::fchmod(::fileno(file.get()), 0600) != 0 || write(file.get()) != 1) return false;
  return std::fclose(file.release()) == 0 && std::rename(fresh.c_str(), path.c_str()) == 0;
}

} // namespace

result<void> make_certificates(const std::string& directory, const std::vector<std::string>& names,
                               key_kind kind) {
  for (const auto& name : names) {
    if (!is_usable(name)) return error{errc::state_unusable, "not a host name or address: " + name};
  }
  if (names.empty()) return error{errc::state_unusable, "a certificate needs a name"};
  if (is_still_good(directory, names)) return {};

  std::error_code ec;
  std::filesystem::create_directories(directory, ec);
  if (ec) return error{errc::state_unusable, directory + ": " + ec.message()};

  // The CA's key is used once and never written: nobody can sign with this CA again.
  const owned<EVP_PKEY> ca_key{EVP_EC_gen("P-256")};
  const owned<EVP_PKEY> key{kind == key_kind::rsa2048 ? EVP_RSA_gen(2048U) : EVP_EC_gen("P-256")};
  const auto ca = ca_key ? make_ca(ca_key.get()) : nullptr;
  const auto server = ca && key ? make_server(key.get(), ca.get(), ca_key.get(), names) : nullptr;
  if (!server) return error{errc::internal, "OpenSSL made no certificate"};

  const bool written =
      write_file(directory + "/ca.pem", [&](FILE* f) { return PEM_write_X509(f, ca.get()); }) &&
      write_file(directory + "/server.pem", [&](FILE* f) { return PEM_write_X509(f, server.get()); }) &&
      write_file(directory + "/server-key.pem", [&](FILE* f) {
        return PEM_write_PrivateKey(f, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
      });
  if (!written) return error{errc::state_unusable, directory + ": " + std::generic_category().message(errno)};
  return {};
}

} // namespace causeway::net
