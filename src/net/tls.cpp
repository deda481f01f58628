// SPDX-License-Identifier: Apache-2.0
#include "net/tls.h"

#include "net/tls_native.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace causeway::net {
namespace {

// OpenSSL's first reason; clears the queue, so that the next failure does not find this one.
std::string openssl_reason() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : "OpenSSL error " + std::to_string(code);
}

std::shared_ptr<ssl_ctx_st> make_context(const SSL_METHOD* method) {
  ERR_clear_error();
  std::shared_ptr<ssl_ctx_st> context{SSL_CTX_new(method), SSL_CTX_free};
  CAUSEWAY_CHECK(context);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // An idle connection gives its 34 KiB of record buffers back.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  return context;
}

// Nobody is asked for a pass phrase: a terminal is not where a service waits. Notes that one was wanted.
int refuse_pass_phrase(char*, int, int, void* wanted) {
  *static_cast<bool*>(wanted) = true;
  return -1;
}

// As ALPN writes them (RFC 7301 section 3.1).
std::string protocol_list(const std::vector<std::string>& protocols) {
  std::string list;
  for (const auto& protocol : protocols)
    list += static_cast<char>(protocol.size()) + protocol;
  return list;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void* user) {
  const auto& ours = *static_cast<const std::string*>(user);
  unsigned char* found = nullptr;
  const int agreed = SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(ours.data()),
                                           static_cast<unsigned>(ours.size()), offered, offered_size);
  *chosen = found;
  return agreed == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

} // namespace

result<tls_client_context> tls_client_context::make(const std::string& ca_file,
                                                    const std::vector<std::string>& protocols) {
  auto context = make_context(TLS_client_method());
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                                     : SSL_CTX_load_verify_file(context.get(), ca_file.c_str());
  if (loaded != 1) {
    const auto which = ca_file.empty() ? "the system's certificates" : ca_file;
    return error{errc::certificate_unusable, which + ": " + openssl_reason()};
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (const auto list = protocol_list(protocols); !list.empty())
    CAUSEWAY_CHECK(SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(list.data()),
                                           static_cast<unsigned>(list.size())) == 0);
  return tls_client_context{std::make_shared<native>(native{std::move(context)})};
}

result<tls_server_context> tls_server_context::make(const std::string& certificate_file,
                                                    const std::string& key_file,
                                                    const std::vector<std::string>& protocols) {
  auto context = make_context(TLS_server_method());
  bool phrase_wanted = false;
  SSL_CTX_set_default_passwd_cb(context.get(), &refuse_pass_phrase);
  SSL_CTX_set_default_passwd_cb_userdata(context.get(), &phrase_wanted);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1)
    return error{errc::certificate_unusable, certificate_file + ": " + openssl_reason()};
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    auto why = openssl_reason();
    if (phrase_wanted)
      why = "has a pass phrase, which nobody could type at a start; write the key without one: openssl pkey "
            "-in " +
            key_file + " -out NEW-FILE";
    // OpenSSL compares as it loads.
    if (why == "key values mismatch" || why == "key type mismatch")
      why = "not the key of " + certificate_file;
    return error{errc::certificate_unusable, key_file + ": " + why};
  }
  SSL_CTX_set_default_passwd_cb_userdata(context.get(), nullptr);
  SSL_CTX_set_default_passwd_cb(context.get(), nullptr);
  if (SSL_CTX_check_private_key(context.get()) != 1)
    return error{errc::certificate_unusable, key_file + ": not the key of " + certificate_file};
  auto made = std::make_shared<native>(native{std::move(context), protocol_list(protocols)});
  if (!protocols.empty()) SSL_CTX_set_alpn_select_cb(made->context.get(), &choose_protocol, &made->protocols);
  return tls_server_context{std::move(made)};
}

} // namespace causeway::net
