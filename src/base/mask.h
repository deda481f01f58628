// SPDX-License-Identifier: Apache-2.0
// Secrets that stand where nobody expects them: pasted into the wrong key, quoted by a parser. By shape,
// since nobody declared them. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

namespace causeway {

// text with "…" in the place of what looks like a secret: the values of SharedAccessKey=, AccountKey=,
// InstrumentationKey=, password= and their like, SharedAccessSignature and sig=, user and password of a URL,
// API keys of The Things Stack (NNSXS.), PEM private keys, and runs of base64 or hexadecimal digits from 20
// characters on that are no words. Paths, host names, UUIDs and ids stay.
std::string mask_secrets(std::string_view text);

// What kind of secret text is as a whole: "a connection string", "a shared access signature", "an API key of
// The Things Stack", "a private key", "a URL with a password in it", "a key". Empty when it looks like none.
std::string_view kind_of_secret(std::string_view text);

} // namespace causeway
