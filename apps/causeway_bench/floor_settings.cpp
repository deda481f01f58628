// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_settings.h"

#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <fstream>
#include <iterator>

namespace causeway::bench {

BOOST_DESCRIBE_STRUCT(floor_application, (), (id, authorization, by_policy, devices))
BOOST_DESCRIBE_STRUCT(floor_settings, (),
                      (webhook_port, admin_port, directory, hub, ca_file, connection_string_file,
                       group_key_file, certificate_file, key_file, applications))

result<void> write_floor_settings(const floor_settings& what, const std::string& file) {
  std::ofstream out{file, std::ios::binary};
  out << boost::json::serialize(boost::json::value_from(what));
  out.close();
  if (!out) return error{errc::state_unusable, file};
  return {};
}

result<floor_settings> read_floor_settings(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  boost::system::error_code fault;
  const auto root = boost::json::parse(text, fault);
  if (fault) return error{errc::state_unusable, file};
  auto read = boost::json::try_value_to<floor_settings>(root);
  if (!read) return error{errc::state_unusable, file};
  return std::move(*read);
}

} // namespace causeway::bench
