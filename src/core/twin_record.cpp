// SPDX-License-Identifier: Apache-2.0
// A byte that no command's row begins with, then the fields in order: of lorawan.downlink, and behind them
// the number of properties and theirs. Where there are none the row ends before that, as it did when there
// could be none.
#include "core/twin_record.h"

#include "core/record_fields.h"
#include "model/command.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>

namespace causeway::core {
namespace {

constexpr char first_version = 't';

template <class Way, class Slot>
void pass_answer(Way& in, Slot& of) {
  bool has_answer = of.answer.has_value();
  in.field(has_answer);
  if (!has_answer) return;
  if constexpr (!std::is_const_v<Slot>) of.answer.emplace();
  in.field(of.answer->version);
  in.field(of.answer->state);
  in.field(of.answer->command);
  in.field(of.answer->error_name);
  in.field(of.answer->error_text);
}

template <class Way, class Slot>
void pass_property(Way& in, Slot& of) {
  pass_answer(in, of);
  if (!of.answer) return;
  in.field(of.answer->status);
  in.field(of.answer->value);
}

std::string text_of(const event_key& object) {
  return {reinterpret_cast<const char*>(object.data()), object.size()};
}

// False: it is none.
bool read_object(record_reader& in, event_key& object) {
  std::string text;
  in.field(text);
  if (text.size() != object.size()) return false;
  std::transform(text.begin(), text.end(), object.begin(),
                 [](char byte) { return static_cast<std::uint8_t>(byte); });
  return true;
}

bool read_properties(record_reader& in, twin_record& into) {
  if (!in.has_more()) return true;
  auto count = in.number();
  for (; count > 0 && in.has_more(); --count) {
    std::string property;
    in.field(property);
    auto& slot = into.slots[property];
    if (!read_object(in, slot.object)) return false;
    pass_property(in, slot);
  }
  return count == 0;
}

} // namespace

kept_command make_twin_row(const device_key& of, const twin_record& what) {
  kept_command row{make_twin_record_id(of), of, std::string{first_version}};
  record_writer out{row.content};
  const auto& downlink = what.slots.at({});
  out.field(text_of(downlink.object));
  out.field(what.version);
  out.field(what.eui);
  pass_answer(out, downlink);
  if (what.slots.size() == 1) return row;
  out.number(what.slots.size() - 1);
  for (const auto& [property, slot] : what.slots) {
    if (property.empty()) continue;
    out.field(property);
    out.field(text_of(slot.object));
    pass_property(out, slot);
  }
  return row;
}

bool is_twin_row(const kept_command& row) {
  return row.content.starts_with(first_version);
}

result<twin_record> read_twin_row(const kept_command& row) {
  twin_record made;
  auto& downlink = made.slots[{}];
  record_reader in{std::string_view{row.content}.substr(1)};
  bool is_good = read_object(in, downlink.object);
  in.field(made.version);
  in.field(made.eui);
  pass_answer(in, downlink);
  is_good = read_properties(in, made) && is_good;
  if (is_good && in.is_whole()) return made;
  return error{errc::record_corrupt, "what is known of the twin of " + row.of.device.str()};
}

} // namespace causeway::core
