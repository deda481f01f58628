// SPDX-License-Identifier: Apache-2.0
#include "hub/rotation.h"

namespace causeway::hub {
namespace {

constexpr seconds between_rotations{10};

} // namespace

bool rotation::begin_if_worth_it(placement& places, std::uint32_t connection, mono_time now) {
  if (rotating_ || now < next_ || !places.spent(connection)) return false;
  if (places.devices(connection) * 10 > placement_options{}.devices_per_connection * 9) return false;
  rotating_ = connection;
  next_ = now + between_rotations;
  places.retire(connection);
  return true;
}

void rotation::on_opened(std::uint32_t connection) {
  if (rotating_ == connection) rotating_.reset();
}

} // namespace causeway::hub
