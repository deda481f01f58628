// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_event.h"

#include <boost/json/basic_parser_impl.hpp>

#include <array>
#include <span>

namespace causeway::bench {
namespace {

namespace json = boost::json;

enum class place : std::uint8_t {
  outside,
  event,
  end_device_ids,
  application_ids,
  uplink_message,
  receptions,
  reception,
  settings,
  data_rate,
  lora,
};

enum class field : std::uint8_t {
  none,
  end_device_ids,
  application_ids,
  uplink_message,
  rx_metadata,
  settings,
  data_rate,
  lora,
  application_id,
  device_id,
  dev_eui,
  correlation_ids,
  handled_at,
  simulated,
  received_at,
  f_port,
  f_cnt,
  frm_payload,
  decoded_payload,
  confirmed,
  rssi,
  snr,
  bandwidth,
  spreading_factor,
};

struct known_key {
  std::string_view name;
  field what;
};

std::span<const known_key> keys_of(place where) {
  static constexpr std::array event{
      known_key{"end_device_ids", field::end_device_ids}, known_key{"uplink_message", field::uplink_message},
      known_key{"correlation_ids", field::correlation_ids}, known_key{"received_at", field::handled_at},
      known_key{"simulated", field::simulated}};
  static constexpr std::array ids{known_key{"device_id", field::device_id},
                                  known_key{"application_ids", field::application_ids},
                                  known_key{"dev_eui", field::dev_eui}};
  static constexpr std::array applications{known_key{"application_id", field::application_id}};
  static constexpr std::array uplink{
      known_key{"f_port", field::f_port},           known_key{"f_cnt", field::f_cnt},
      known_key{"frm_payload", field::frm_payload}, known_key{"decoded_payload", field::decoded_payload},
      known_key{"rx_metadata", field::rx_metadata}, known_key{"settings", field::settings},
      known_key{"received_at", field::received_at}, known_key{"confirmed", field::confirmed}};
  static constexpr std::array reception{known_key{"rssi", field::rssi}, known_key{"snr", field::snr}};
  static constexpr std::array settings{known_key{"data_rate", field::data_rate}};
  static constexpr std::array data_rate{known_key{"lora", field::lora}};
  static constexpr std::array lora{known_key{"bandwidth", field::bandwidth},
                                   known_key{"spreading_factor", field::spreading_factor}};
  switch (where) {
  case place::event:
    return event;
  case place::end_device_ids:
    return ids;
  case place::application_ids:
    return applications;
  case place::uplink_message:
    return uplink;
  case place::reception:
    return reception;
  case place::settings:
    return settings;
  case place::data_rate:
    return data_rate;
  case place::lora:
    return lora;
  default:
    return {};
  }
}

// Where an object that stands there leads; outside: nothing in it is wanted.
place entered(place where, field what) {
  switch (what) {
  case field::end_device_ids:
    return place::end_device_ids;
  case field::application_ids:
    return place::application_ids;
  case field::uplink_message:
    return place::uplink_message;
  case field::settings:
    return place::settings;
  case field::data_rate:
    return place::data_rate;
  case field::lora:
    return place::lora;
  default:
    return where == place::receptions ? place::reception : place::outside;
  }
}

// What Boost.JSON's parser calls, token by token; false ends it.
class event_handler {
public:
  static constexpr std::size_t max_object_size = json::string_view::npos;
  static constexpr std::size_t max_array_size = json::string_view::npos;
  static constexpr std::size_t max_key_size = json::string_view::npos;
  static constexpr std::size_t max_string_size = json::string_view::npos;

  using fault = boost::system::error_code;

  floor_event read;

  void begin(std::string_view text) { text_ = text; }

  bool on_document_begin(fault&) { return true; }
  bool on_document_end(fault&) {
    read.is_whole = seen_[0] && seen_[1] && seen_[2] && seen_[3] && !read.received_at.empty();
    return true;
  }

  bool on_object_begin(fault&) {
    if (skipped_ > 0) return ++skipped_, true;
    const auto next = depth_ == 0 ? place::event : entered(where(), next_);
    if (next == place::outside || depth_ == stack_.size()) return skipped_ = 1, true;
    if (next == place::settings) seen_[3] = true;
    if (next == place::reception) here_ = {};
    stack_[depth_++] = next;
    next_ = field::none;
    return true;
  }
  bool on_object_end(std::size_t, fault&) {
    if (skipped_ > 0) return --skipped_, true;
    if (where() == place::reception) end_reception();
    --depth_;
    return true;
  }
  bool on_array_begin(fault&) {
    if (skipped_ > 0) return ++skipped_, true;
    if (next_ == field::correlation_ids) seen_[0] = true;
    if (next_ != field::rx_metadata || depth_ == stack_.size()) return skipped_ = 1, true;
    seen_[2] = true;
    stack_[depth_++] = place::receptions;
    next_ = field::none;
    return true;
  }
  bool on_array_end(std::size_t, fault&) {
    if (skipped_ > 0) return --skipped_, true;
    --depth_;
    return true;
  }

  bool on_key_part(json::string_view, std::size_t, fault&) { return skipped_ > 0; }
  bool on_key(json::string_view key, std::size_t size, fault&) {
    if (skipped_ > 0) return true;
    next_ = field::none;
    if (key.size() != size) return true; // has an escape, which none of ours has
    for (const auto& one : keys_of(where()))
      if (one.name == std::string_view{key.data(), key.size()}) next_ = one.what;
    if (next_ != field::decoded_payload) return true;
    const auto at = static_cast<std::size_t>(key.data() - text_.data()) + key.size() + 1;
    if (at >= text_.size()) return false;
    read.decoded = text_.substr(at);
    return true;
  }

  bool on_string_part(json::string_view, std::size_t, fault&) { return skipped_ > 0 || next_ == field::none; }
  bool on_string(json::string_view text, std::size_t size, fault&) {
    if (skipped_ > 0) return true;
    auto* const into = text_of(next_);
    if (next_ == field::handled_at) seen_[1] = true;
    if (into == nullptr) return true;
    *into = {text.data(), text.size()};
    return text.size() == size && text.data() >= text_.data() && text.data() < text_.data() + text_.size();
  }

  bool on_number_part(json::string_view, fault&) { return true; }
  bool on_int64(std::int64_t value, json::string_view text, fault&) {
    if (skipped_ == 0) on_number(value, static_cast<double>(value), text);
    return true;
  }
  bool on_uint64(std::uint64_t value, json::string_view text, fault&) {
    if (skipped_ == 0) on_number(-1, static_cast<double>(value), text);
    return true;
  }
  bool on_double(double value, json::string_view text, fault&) {
    if (skipped_ == 0) on_number(-1, value, text);
    return true;
  }
  bool on_bool(bool value, fault&) {
    if (skipped_ > 0) return true;
    if (next_ == field::confirmed) read.confirmed = value;
    if (next_ == field::simulated) read.simulated = value;
    return true;
  }
  bool on_null(fault&) { return true; }
  bool on_comment_part(json::string_view, fault&) { return true; }
  bool on_comment(json::string_view, fault&) { return true; }

private:
  struct reception {
    double rssi_value = 0, snr_value = 0;
    std::string_view rssi, snr;
  };

  place where() const { return depth_ == 0 ? place::outside : stack_[depth_ - 1]; }

  std::string_view* text_of(field what) {
    switch (what) {
    case field::application_id:
      return &read.application;
    case field::device_id:
      return &read.device;
    case field::dev_eui:
      return &read.dev_eui;
    case field::received_at:
      return &read.received_at;
    case field::frm_payload:
      return &read.frm_payload;
    default:
      return nullptr;
    }
  }

  void on_number(std::int64_t whole, double value, json::string_view text) {
    switch (next_) {
    case field::f_port:
      read.f_port = whole;
      break;
    case field::f_cnt:
      read.f_cnt = whole;
      break;
    case field::bandwidth:
      read.bandwidth = whole;
      break;
    case field::spreading_factor:
      read.spreading_factor = whole;
      break;
    case field::rssi:
      here_.rssi_value = value;
      here_.rssi = {text.data(), text.size()};
      break;
    case field::snr:
      here_.snr_value = value;
      here_.snr = {text.data(), text.size()};
      break;
    default:
      break;
    }
  }

  // The gateway with the largest snr, then rssi; a zero is left out by the stack.
  void end_reception() {
    const bool better = here_.snr_value > best_.snr_value ||
                        (here_.snr_value == best_.snr_value && here_.rssi_value > best_.rssi_value);
    if (read.gateways++ != 0 && !better) return;
    best_ = here_;
    read.rssi = here_.rssi;
    read.snr = here_.snr.empty() && !here_.rssi.empty() ? std::string_view{"0"} : here_.snr;
  }

  std::string_view text_;
  std::array<place, 8> stack_{};
  std::size_t depth_ = 0;
  std::size_t skipped_ = 0; // objects and arrays that nothing is wanted of, one in the other
  field next_ = field::none;
  std::array<bool, 4> seen_{}; // correlation_ids, the envelope's received_at, rx_metadata, settings
  reception here_, best_;
};

} // namespace

std::optional<floor_event> read_floor_event(std::string_view text) {
  json::basic_parser<event_handler> parser{json::parse_options{}};
  parser.handler().begin(text);
  boost::system::error_code fault;
  const auto taken = parser.write_some(false, text.data(), text.size(), fault);
  if (fault || taken != text.size()) return std::nullopt;
  return parser.handler().read;
}

} // namespace causeway::bench
