// SPDX-License-Identifier: Apache-2.0
// A version byte, then the fields in order: texts behind their length, numbers in eight bytes, most
// significant first. What may be absent has a byte before it.
#include "core/command_entry.h"

#include <algorithm>
#include <concepts>
#include <type_traits>
#include <utility>

namespace causeway::core {
namespace {

constexpr char first_version = 1, version = 2; // the second has what came of its way
constexpr std::size_t number_bytes = 8;

// One list of fields serves both ways: `in` writes them, or reads them.
template <class Way, class Mark>
void pass_mark(Way& in, Mark& of) {
  in.field(of.state);
  in.field(of.at);
  in.field(of.f_cnt);
  in.field(of.attempt);
}

class writer {
public:
  explicit writer(std::string& out) : out_{out} {}

  void number(std::uint64_t value) {
    for (std::size_t i = number_bytes; i-- > 0;)
      out_ += static_cast<char>(value >> (8 * i) & 0xff);
  }
  template <class Number>
  requires std::is_enum_v<Number> || std::integral<Number>
  void field(Number value) { number(static_cast<std::uint64_t>(value)); }
  void field(const std::string& text) {
    number(text.size());
    out_ += text;
  }
  void field(wall_time at) {
    field(std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
  }
  void field(mono_time at) {
    field(std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
  }
  template <class T>
  void field(const std::optional<T>& what) {
    field(what.has_value());
    if (what) field(*what);
  }
  void field(const push_mark& what) {
    field(what.wall);
    field(what.mono);
  }
  void field(const std::vector<std::uint64_t>& all) {
    number(all.size());
    for (const auto one : all)
      number(one);
  }
  void field(const std::vector<command_mark>& all) {
    number(all.size());
    for (const auto& one : all)
      pass_mark(*this, one);
  }

private:
  std::string& out_;
};

class reader {
public:
  explicit reader(std::string_view rest) : rest_{rest} {}
  // All was there, and nothing more.
  bool is_whole() const { return whole_ && rest_.empty(); }

  std::uint64_t number() {
    if (rest_.size() < number_bytes) {
      whole_ = false;
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < number_bytes; ++i)
      value = value << 8 | static_cast<std::uint8_t>(rest_[i]);
    rest_.remove_prefix(number_bytes);
    return value;
  }
  template <class Number>
  requires std::is_enum_v<Number> || std::integral<Number>
  void field(Number& value) { value = static_cast<Number>(number()); }
  void field(std::string& text) {
    const auto size = number();
    if (size > rest_.size()) {
      whole_ = false;
      return;
    }
    text.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  void field(wall_time& at) { at = wall_time{nanoseconds()}; }
  void field(mono_time& at) { at = mono_time{nanoseconds()}; }
  template <class T>
  void field(std::optional<T>& what) {
    bool is_there = false;
    field(is_there);
    if (!is_there) return what.reset();
    T value{};
    field(value);
    what = std::move(value);
  }
  void field(push_mark& what) {
    field(what.wall);
    field(what.mono);
  }
  void field(std::vector<std::uint64_t>& all) {
    const auto count = number();
    // Before reserving: a damaged count must not ask for more memory than the record could fill.
    if (count > rest_.size() / number_bytes) {
      whole_ = false;
      return;
    }
    all.resize(count);
    for (auto& one : all)
      one = number();
  }
  void field(std::vector<command_mark>& all) {
    const auto count = number();
    if (count > most_marks) {
      whole_ = false;
      return;
    }
    all.resize(count);
    for (auto& one : all)
      pass_mark(*this, one);
  }

private:
  std::chrono::nanoseconds nanoseconds() {
    return std::chrono::nanoseconds{static_cast<std::int64_t>(number())};
  }

  std::string_view rest_;
  bool whole_ = true;
};

template <class Way, class State>
void pass(Way&& in, State& of, char written_by) {
  auto& asked = of.what.what;
  in.field(of.what.source);
  in.field(asked.f_port);
  in.field(asked.frm_payload);
  in.field(asked.decoded_payload);
  in.field(asked.confirmed);
  in.field(asked.priority);
  in.field(asked.queue);
  in.field(asked.class_b_c);
  in.field(asked.max_attempts);
  in.field(of.what.message_id);
  in.field(of.what.correlation_id);
  in.field(of.what.held_for);
  in.field(of.what.expiry.by_service);
  in.field(of.what.expiry.open_seconds);
  auto& stands = of.stands;
  in.field(stands.stage);
  in.field(stands.nacks);
  in.field(stands.item);
  in.field(stands.heard_at);
  in.field(stands.heard);
  in.field(stands.taken);
  in.field(stands.changes);
  in.field(stands.no_encoder);
  in.field(of.pushed);
  in.field(of.stored_at);
  in.field(of.changed_at);
  in.field(of.refused);
  if (written_by == first_version) return;
  in.field(of.what.sequence_number);
  in.field(of.what.enqueued);
  in.field(of.marks);
  in.field(of.error);
}

// What no version has written.
bool is_sane(const kept_state& state) {
  return std::all_of(state.marks.begin(), state.marks.end(),
                     [](const command_mark& one) { return one.state <= command_state::in_doubt; }) &&
         state.what.source <= command_source::twin &&
         static_cast<std::size_t>(state.what.what.priority) < downlink_priorities &&
         state.what.what.queue <= queue_operation::replace &&
         static_cast<std::size_t>(state.stands.stage) < command_stages &&
         state.stands.heard <= step_kind::ack &&
         (!state.what.held_for || *state.what.held_for <= awaited_step::acknowledged);
}

} // namespace

std::string encode_command(const kept_state& what) {
  std::string out{version};
  pass(writer{out}, what, version);
  return out;
}

result<kept_state> decode_command(const kept_command& row) {
  const error corrupt{errc::record_corrupt, "command " + row.id.str()};
  if (row.content.empty() || row.content.front() < first_version || row.content.front() > version)
    return corrupt;
  kept_state state;
  reader in{std::string_view{row.content}.substr(1)};
  pass(in, state, row.content.front());
  if (!in.is_whole() || !is_sane(state)) return corrupt;
  state.what.id = row.id;
  state.what.to = row.of;
  return state;
}

command_entry make_entry(kept_state from, std::uint32_t application) {
  const bool confirmed = from.what.what.confirmed, encoder = needs_encoder(from.what.what);
  command_entry made{std::move(from.what),  command_track{confirmed, encoder, std::move(from.stands)},
                     from.pushed,           from.stored_at,
                     from.changed_at,       from.refused,
                     std::move(from.marks), std::move(from.error)};
  made.application = application;
  return made;
}

command_entry make_fresh_entry(command what, std::uint32_t application, std::uint32_t open_seconds,
                               moment now) {
  kept_state fresh;
  fresh.what = std::move(what);
  fresh.stored_at = fresh.changed_at = open_seconds;
  auto made = make_entry(std::move(fresh), application);
  made.note({command_state::stored, now.wall});
  made.times = {now.mono, now.mono};
  return made;
}

void command_entry::note(const command_mark& mark) {
  if (marks.size() == most_marks) marks.erase(marks.begin() + 1);
  marks.push_back(mark);
}

} // namespace causeway::core
