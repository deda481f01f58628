// SPDX-License-Identifier: Apache-2.0
// Shared access signatures of IoT Hub and DPS (azure-iot-wire.md A.2, A.5). Pure functions and value types,
// any thread.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace causeway::azure {

// A symmetric key, decoded. Azure writes keys as base64; nothing here keeps that text.
class signing_key {
public:
  // what: names the key in the error ("azure.field.group_key"). White space around it is forgiven. Errors:
  // key_not_base64, also for an empty key; it says which character is none, and shows none.
  static result<signing_key> parse(const secret& base64, std::string_view what);
  // bytes: the key itself, not its base64 form.
  explicit signing_key(secret bytes) : bytes_{std::move(bytes)} {}

  signing_key clone() const { return signing_key{bytes_.clone()}; }
  // For fingerprints and for the wire, never for a log.
  std::string_view bytes() const { return bytes_.reveal(); }
  // The form that Azure's portal shows.
  secret base64() const;
  // 32 bytes of HMAC-SHA-256.
  std::string sign(std::string_view text) const;

private:
  secret bytes_;
};

// The key of one device of a symmetric-key enrolment group. The letter case of registration counts (A.5).
signing_key derive_device_key(const signing_key& group_key, std::string_view registration);

// The policy that every DPS device token names (A.5).
inline constexpr std::string_view registration_policy = "registration";

// "SharedAccessSignature sr=…&sig=…&se=…[&skn=…]".
// resource: not percent-encoded, e.g. "hub.azure-devices.net/devices/dev-1" (see names.h). policy: empty =
// none.
secret make_sas_token(std::string_view resource, const signing_key& key, wall_time expiry,
                      std::string_view policy = {});

struct sas_token {
  std::string sr;          // as it stands in the token: what is signed
  std::string resource;    // sr, percent-decoded
  std::string sig;         // decoded: 32 bytes where the token is well-formed
  std::string se;          // as it stands in the token: what is signed
  std::int64_t expiry = 0; // se: seconds since 1970-01-01 UTC
  std::string skn;         // empty: signed with the device's own key

  // Whether key made the signature; says nothing of expiry or resource. In constant time.
  bool signed_by(const signing_key& key) const;
  // No grace beyond se itself.
  bool expired(wall_time now) const { return unix_seconds(now) >= expiry; }
};

// Takes what Microsoft's SDKs write: fields in any order, sr encoded or not, an empty skn, the first word in
// any letter case. Fields of other names are ignored. Errors: unauthorized, which names what is wrong but
// never shows the token.
result<sas_token> parse_sas_token(std::string_view text);

// Whether a token for `granted` opens `wanted`; both decoded. The host is compared without letter case and
// port, the path segment by segment: "h/devices" covers "h/devices/dev-1", not "h/devices2".
bool covers(std::string_view granted, std::string_view wanted);

} // namespace causeway::azure
