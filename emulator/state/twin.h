// SPDX-License-Identifier: Apache-2.0
// One device twin: tags, desired and reported properties, each section with its version and the hub's notes
// (azure-iot-wire.md B.8, D.1). Knows no protocol. Pure: time is a parameter. One thread.
#pragma once

#include "emulator/state/twin_rules.h"

#include <boost/json.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::emulator {

// "AAAAAAAAAAE=": eight bytes of a counter, in base64.
std::string make_etag(std::uint64_t counter);

struct twin_section {
  boost::json::object values, metadata;
  std::uint64_t version = 1;
};

// Why a twin is not changed: the HTTP status, the hub's own number, a sentence.
struct twin_refusal {
  int status = 400;
  int code = 400004;
  std::string text;
};

// What a device that listens is told: the patch with its `$version`.
struct desired_change {
  std::string patch;
  std::uint64_t version = 0;
};

// What a service asks for; a section that it does not name stays as it is.
struct twin_change {
  std::optional<boost::json::object> tags, desired;
  bool replace = false;
};
// {"tags":…,"properties":{"desired":…}}; what else is there is ignored, and what the hub itself writes
// (`$version`, `$metadata`) at the top of desired too.
std::optional<twin_change> read_twin_change(const boost::json::value& body, bool replace);

class twin {
public:
  explicit twin(wall_time made);

  // {"desired":{…,"$version":n},"reported":{…,"$version":m}}, for the device.
  std::string device_view() const;
  // {"desired":{…,"$metadata":…,"$version":n},"reported":…}, for services.
  boost::json::object properties() const;
  const boost::json::object& tags() const { return tags_; }
  const twin_section& desired() const { return desired_; }
  const twin_section& reported() const { return reported_; }
  // Of the whole: each change of any section counts.
  std::uint64_t version() const { return version_; }
  // Changes with tags and desired properties.
  std::string etag() const { return make_etag(etag_); }

  // When the device has read it, and which desired properties: the last most_reads of them.
  static constexpr std::size_t most_reads = 1'000;
  struct reading {
    std::uint64_t version = 0; // of the desired ones
    wall_time at;
  };
  const std::deque<reading>& readings() const { return readings_; }
  void note_read(wall_time now);

  // By the device. Nothing: done.
  std::optional<twin_refusal> report(const boost::json::object& patch, wall_time now);
  // By a service; all of it or nothing. change.told: what a device is to hear of it.
  std::optional<twin_refusal> change(const twin_change& asked, wall_time now,
                                     std::optional<desired_change>& told);

private:
  boost::json::object tags_;
  twin_section desired_, reported_;
  std::uint64_t version_ = 1, etag_ = 1;
  std::deque<reading> readings_;
};

} // namespace causeway::emulator
