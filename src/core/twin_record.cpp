// SPDX-License-Identifier: Apache-2.0
// A byte that no command's row begins with, then the fields in order.
#include "core/twin_record.h"

#include "core/record_fields.h"
#include "model/command.h"

#include <algorithm>
#include <cstddef>

namespace causeway::core {
namespace {

constexpr char first_version = 't';

template <class Way, class Record>
void pass(Way&& in, Record& of, std::string& object) {
  in.field(object);
  in.field(of.desired.version);
  in.field(of.eui);
  bool has_answer = of.answer.has_value();
  in.field(has_answer);
  if (!has_answer) return;
  if constexpr (!std::is_const_v<Record>) {
    if (!of.answer) of.answer.emplace();
  }
  in.field(of.answer->version);
  in.field(of.answer->state);
  in.field(of.answer->command);
  in.field(of.answer->error_name);
  in.field(of.answer->error_text);
}

} // namespace

kept_command make_twin_row(const device_key& of, const twin_record& what) {
  kept_command row{make_twin_record_id(of), of, std::string{first_version}};
  std::string object{reinterpret_cast<const char*>(what.desired.object.data()), what.desired.object.size()};
  pass(record_writer{row.content}, what, object);
  return row;
}

bool is_twin_row(const kept_command& row) {
  return row.content.starts_with(first_version);
}

result<twin_record> read_twin_row(const kept_command& row) {
  twin_record made;
  std::string object;
  record_reader in{std::string_view{row.content}.substr(1)};
  pass(in, made, object);
  if (!in.is_whole() || object.size() != made.desired.object.size())
    return error{errc::record_corrupt, "what is known of the twin of " + row.of.device.str()};
  std::transform(object.begin(), object.end(), made.desired.object.begin(),
                 [](char byte) { return static_cast<std::uint8_t>(byte); });
  return made;
}

} // namespace causeway::core
