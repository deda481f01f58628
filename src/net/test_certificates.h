// SPDX-License-Identifier: Apache-2.0
// For tests: a CA and a server certificate for localhost and 127.0.0.1, made once a run.
#pragma once

#include "net/tls.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace causeway::net {

// The directory; it goes at the end of the run.
inline const std::string& test_certificates() {
  struct directory {
    std::string path = testing::TempDir() + "causeway-net-" + std::to_string(::getpid());
    directory() {
      const auto made = make_certificates(path, {"localhost", "127.0.0.1"});
      EXPECT_TRUE(made) << made.fault().message();
    }
    ~directory() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };
  static const directory one;
  return one.path;
}

inline tls_server_context test_server_context() {
  return *tls_server_context::make(test_certificates() + "/server.pem",
                                   test_certificates() + "/server-key.pem");
}

inline tls_client_context test_client_context() {
  return *tls_client_context::make(test_certificates() + "/ca.pem");
}

} // namespace causeway::net
