// SPDX-License-Identifier: Apache-2.0
// What a server's certificate says of itself: its end, its names, its chain. The file is read, and nothing
// else.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <string>
#include <vector>

namespace causeway::net {

struct certificate_facts {
  wall_time begins, ends;         // of the whole chain in the file: the latest begin, the earliest end
  std::string ends_of;            // subject of the one that ends first, when it is not the server's own
  std::vector<std::string> names; // DNS names and addresses it is for (subject alternative names)
  std::string common_name;        // which clients of today do not look at
  std::string issuer;             // of the last certificate in the file
  std::size_t certificates = 0;   // in the file
  bool is_for_servers = true;     // its extended key usage, where it has one
  bool is_chain_whole = true;     // up to an authority of the system, or to a root that the file has
  bool is_self_signed = false;

  // Whether a client that asked for host takes it.
  bool covers(const std::string& host) const;

private:
  friend result<certificate_facts> read_certificate(const std::string& file);
  std::string first_; // DER
};

// The first certificate of a PEM file, and what follows it. Errors: certificate_unusable, naming the file.
result<certificate_facts> read_certificate(const std::string& file);

} // namespace causeway::net
