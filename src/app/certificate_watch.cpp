// SPDX-License-Identifier: Apache-2.0
#include "app/certificate_watch.h"

namespace causeway::app {

std::optional<std::string> trouble_of_times(const net::certificate_facts& facts, wall_time now) {
  const auto whose =
      facts.ends_of.empty() ? std::string{} : "the certificate of \"" + facts.ends_of + "\" in its chain ";
  if (now >= facts.ends)
    return whose + "has ended, at " + format_rfc3339(facts.ends) + "; nobody takes it any more";
  if (now < facts.begins) return "is not valid before " + format_rfc3339(facts.begins);
  if (facts.ends - now >= certificate_notice) return std::nullopt;
  const auto days = std::chrono::floor<std::chrono::hours>(facts.ends - now).count() / 24;
  return whose + "ends in " + std::to_string(days) + " day(s), at " + format_rfc3339(facts.ends);
}

bool is_invalid(const net::certificate_facts& facts, wall_time now) {
  return now >= facts.ends || now < facts.begins;
}

std::vector<std::string> oddities_of(const net::certificate_facts& facts) {
  std::vector<std::string> out;
  if (!facts.is_chain_whole)
    out.push_back("its issuer \"" + facts.issuer +
                  "\" is neither in the file nor one of this machine's authorities; unless that is a root of "
                  "your own, which "
                  "The Things Stack trusts, put the intermediate certificates behind it (fullchain.pem)");
  if (facts.is_self_signed)
    out.push_back("it is signed by itself; The Things Stack takes it only where it was told to trust it");
  if (facts.names.empty())
    out.push_back(
        "it has no subject alternative name, and The Things Stack does not look at the common name (\"" +
        facts.common_name + "\")");
  if (!facts.is_for_servers) out.push_back("its extended key usage does not name servers (serverAuth)");
  return out;
}

std::optional<std::string> certificate_watch::look(moment now) {
  constexpr std::chrono::hours a_day{24};
  if (said_ && now.mono - *said_ < a_day) return std::nullopt;
  auto trouble = trouble_of_times(facts_, now.wall);
  if (trouble) said_ = now.mono;
  return trouble;
}

} // namespace causeway::app
