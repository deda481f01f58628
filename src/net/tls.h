// SPDX-License-Identifier: Apache-2.0
// TLS contexts: 1.2 and above, verification never off. Immutable after creation; shared by connections of one
// loop.
#pragma once

#include "base/result.h"
#include "base/secret.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace causeway::net {

class tls_client_context {
public:
  // ca_file: PEM bundle that is trusted instead of the system's; empty = the system's.
  // protocols: asked for by ALPN, the preferred one first. Errors: certificate_unusable.
  static result<tls_client_context> make(const std::string& ca_file,
                                         const std::vector<std::string>& protocols = {});
  struct native;
  const std::shared_ptr<native>& get() const { return native_; }

private:
  explicit tls_client_context(std::shared_ptr<native> n) : native_{std::move(n)} {}
  std::shared_ptr<native> native_;
};

class tls_server_context {
public:
  // PEM files. protocols: offered by ALPN, the preferred one first; a client that names none of them gets
  // none. Errors: certificate_unusable, naming the file.
  static result<tls_server_context> make(const std::string& certificate_file, const std::string& key_file,
                                         const std::vector<std::string>& protocols = {});
  struct native;
  const std::shared_ptr<native>& get() const { return native_; }

private:
  explicit tls_server_context(std::shared_ptr<native> n) : native_{std::move(n)} {}
  std::shared_ptr<native> native_;
};

enum class key_kind : std::uint8_t { p256, rsa2048 };

// Makes a CA and a server certificate for these DNS names and addresses (the server's key of this kind, valid
// for ten years) and writes ca.pem, server.pem and server-key.pem (umask 077) into the directory; keeps what
// is already there and still valid. For the emulator, the demo, the bench and tests. Errors: state_unusable.
result<void> make_certificates(const std::string& directory, const std::vector<std::string>& names,
                               key_kind kind = key_kind::p256);

} // namespace causeway::net
