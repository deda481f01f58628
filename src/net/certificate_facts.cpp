// SPDX-License-Identifier: Apache-2.0
#include "net/certificate_facts.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>

namespace causeway::net {
namespace {

struct freed {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const { X509_STORE_CTX_free(p); }
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
  void operator()(EXTENDED_KEY_USAGE* p) const { sk_ASN1_OBJECT_pop_free(p, ASN1_OBJECT_free); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_free(p); }
  void operator()(FILE* p) const { std::fclose(p); }
};
template <class T>
using owned = std::unique_ptr<T, freed>;

wall_time time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return wall_time{seconds{::timegm(&parts)}};
}

std::string name_of(const X509_NAME* name) {
  char text[256] = "";
  if (X509_NAME_get_text_by_NID(const_cast<X509_NAME*>(name), NID_commonName, text, sizeof text) > 0)
    return text;
  X509_NAME_oneline(name, text, sizeof text);
  return text;
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const owned<GENERAL_NAMES> all{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const auto* one = sk_GENERAL_NAME_value(all.get(), i);
    if (one->type == GEN_DNS) {
      names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(one->d.dNSName)),
                         static_cast<std::size_t>(ASN1_STRING_length(one->d.dNSName)));
    } else if (one->type == GEN_IPADD) {
      char text[INET6_ADDRSTRLEN] = "";
      const auto family = ASN1_STRING_length(one->d.iPAddress) == 4 ? AF_INET : AF_INET6;
      if (::inet_ntop(family, ASN1_STRING_get0_data(one->d.iPAddress), text, sizeof text))
        names.emplace_back(text);
    }
  }
  return names;
}

bool is_for_servers(X509* certificate) {
  const owned<EXTENDED_KEY_USAGE> usage{
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr))};
  if (!usage) return true;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usage.get()); ++i) {
    const auto id = OBJ_obj2nid(sk_ASN1_OBJECT_value(usage.get(), i));
    if (id == NID_server_auth || id == NID_anyExtendedKeyUsage) return true;
  }
  return false;
}

bool is_own_issuer(X509* certificate) {
  return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
}

// Up to an authority of this machine, or to a root in the file; what has ended or is none of ours to judge
// counts too.
bool is_chain_whole(const std::vector<owned<X509>>& chain) {
  if (std::any_of(chain.begin(), chain.end(), [](const auto& one) { return is_own_issuer(one.get()); }))
    return true;
  const owned<X509_STORE> store{X509_STORE_new()};
  const owned<X509_STORE_CTX> check{X509_STORE_CTX_new()};
  const owned<STACK_OF(X509)> others{sk_X509_new_null()};
  for (std::size_t i = 1; i < chain.size(); ++i)
    sk_X509_push(others.get(), chain[i].get());
  if (X509_STORE_set_default_paths(store.get()) != 1 ||
      X509_STORE_CTX_init(check.get(), store.get(), chain.front().get(), others.get()) != 1)
    return true;
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(check.get()), X509_V_FLAG_NO_CHECK_TIME);
  if (X509_verify_cert(check.get()) == 1) return true;
  const auto why = X509_STORE_CTX_get_error(check.get());
  return why != X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT && why != X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY &&
         why != X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

} // namespace

bool certificate_facts::covers(const std::string& host) const {
  const auto* bytes = reinterpret_cast<const unsigned char*>(first_.data());
  const owned<X509> certificate{d2i_X509(nullptr, &bytes, static_cast<long>(first_.size()))};
  if (!certificate) return false;
  unsigned char address[16];
  if (::inet_pton(AF_INET, host.c_str(), address) == 1 || ::inet_pton(AF_INET6, host.c_str(), address) == 1)
    return X509_check_ip_asc(certificate.get(), host.c_str(), 0) == 1;
  return X509_check_host(certificate.get(), host.c_str(), host.size(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                         nullptr) == 1;
}

result<certificate_facts> read_certificate(const std::string& file) {
  const owned<FILE> in{std::fopen(file.c_str(), "re")};
  if (!in) return error{errc::certificate_unusable, file + ": " + std::strerror(errno)};
  std::vector<owned<X509>> chain;
  while (owned<X509> one{PEM_read_X509(in.get(), nullptr, nullptr, nullptr)})
    chain.push_back(std::move(one));
  ERR_clear_error(); // the end of the file is one to OpenSSL
  if (chain.empty()) return error{errc::certificate_unusable, file + ": it has no certificate in PEM form"};

  certificate_facts facts;
  auto* first = chain.front().get();
  facts.names = names_of(first);
  facts.common_name = name_of(X509_get_subject_name(first));
  facts.issuer = name_of(X509_get_issuer_name(chain.back().get()));
  facts.certificates = chain.size();
  facts.is_for_servers = is_for_servers(first);
  facts.is_self_signed = is_own_issuer(first);
  facts.is_chain_whole = is_chain_whole(chain);
  facts.begins = time_of(X509_get0_notBefore(first));
  facts.ends = time_of(X509_get0_notAfter(first));
  for (const auto& one : chain) {
    facts.begins = std::max(facts.begins, time_of(X509_get0_notBefore(one.get())));
    if (const auto end = time_of(X509_get0_notAfter(one.get())); end < facts.ends) {
      facts.ends = end;
      facts.ends_of = name_of(X509_get_subject_name(one.get()));
    }
  }
  unsigned char* der = nullptr;
  if (const int size = i2d_X509(first, &der); size > 0)
    facts.first_.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return facts;
}

} // namespace causeway::net
