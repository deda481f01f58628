// SPDX-License-Identifier: Apache-2.0
// What a client gives as its token.
#include "azure/sas_token.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace causeway;
  const auto token = azure::parse_sas_token(fuzz::text_of(bytes, size));
  if (!token) return 0;
  const azure::signing_key key{secret{"0123456789abcdef"}};
  // Nobody who does not know the key signs with it: a fuzzer has no HMAC.
  CAUSEWAY_CHECK(!token->signed_by(key));
  CAUSEWAY_CHECK(!token->expired(wall_time{}) || token->expiry <= 0);
  CAUSEWAY_CHECK(token->resource.size() <= token->sr.size());
  static_cast<void>(azure::covers(token->resource, "hub.example/devices/dev-1"));
  static_cast<void>(azure::covers("hub.example/devices", token->resource));

  // What it says can be said again.
  const auto made =
      azure::make_sas_token(token->resource, key, wall_time{seconds{1'767'225'600}}, token->skn);
  const auto again = azure::parse_sas_token(made.reveal());
  CAUSEWAY_CHECK(token->resource.empty() || (again && again->signed_by(key)));
  CAUSEWAY_CHECK(!again || (again->resource == token->resource && again->skn == token->skn));
  return 0;
}
