// SPDX-License-Identifier: Apache-2.0
#include "amqp/message.h"

#include "amqp/primitive.h"

namespace causeway::amqp {
namespace {

// Section descriptors (spec part 3.2).
enum section : std::uint8_t {
  header = 0x70,
  delivery_annotations = 0x71,
  message_annotations = 0x72,
  properties = 0x73,
  application_properties = 0x74,
  data = 0x75,
  sequence = 0x76,
  amqp_value = 0x77,
  footer = 0x78,
};

// The fields of the properties list, by place.
enum field : std::size_t {
  message_id,
  user_id,
  to,
  subject,
  reply_to,
  correlation_id,
  content_type,
  content_encoding,
  absolute_expiry,
};

error malformed(std::string what) {
  return error{errc::amqp_value_malformed, std::move(what)};
}

// Writes the fields of a list; nulls are held back, so that those at the end are left out.
class field_writer {
public:
  explicit field_writer(std::string& out) : out_{out}, first_{begin_compound(out)} {}
  std::string& next() {
    for (; nulls_ > 0; --nulls_)
      put_null(out_);
    ++count_;
    return out_;
  }
  void absent() {
    ++nulls_;
    ++count_;
  }
  void end() { end_compound(out_, first_, code::list8, code::list32, count_ - nulls_); }

private:
  std::string& out_;
  std::size_t first_, count_ = 0, nulls_ = 0;
};

void put_properties(std::string& out, const message& m) {
  const bool any = !m.message_id.is_null() || m.user_id || !m.to.empty() || !m.reply_to.empty() ||
                   !m.correlation_id.is_null() || !m.content_type.empty() || !m.content_encoding.empty() ||
                   m.absolute_expiry;
  if (!any) return;
  put_descriptor(out, section::properties);
  field_writer fields{out};
  const auto put_value = [&](const value& what) {
    if (what.is_null()) return fields.absent();
    encode(fields.next(), what);
  };
  const auto put_text = [&](const std::string& text, auto put) {
    if (text.empty()) return fields.absent();
    put(fields.next(), text);
  };
  put_value(m.message_id);
  if (m.user_id)
    put_binary(fields.next(), m.user_id->bytes);
  else
    fields.absent();
  put_text(m.to, put_string);
  fields.absent(); // subject
  put_text(m.reply_to, put_string);
  put_value(m.correlation_id);
  put_text(m.content_type, put_symbol);
  put_text(m.content_encoding, put_symbol);
  if (m.absolute_expiry)
    put_timestamp(fields.next(), m.absolute_expiry->milliseconds);
  else
    fields.absent();
  fields.end();
}

void put_map(std::string& out, std::uint8_t descriptor, const value_map& items) {
  if (items.empty()) return;
  put_descriptor(out, descriptor);
  const auto first = begin_compound(out);
  for (const auto& [key, item] : items) {
    encode(out, key);
    encode(out, item);
  }
  end_compound(out, first, code::map8, code::map32, items.size() * 2);
}

const value* find(const value_map& items, std::string_view name) {
  for (const auto& [key, item] : items)
    if (const auto* text = key.text(); text != nullptr && *text == name) return &item;
  return nullptr;
}

bool is_id(const value& id) {
  return id.is_null() || id.as<std::string>() != nullptr || id.as<uuid>() != nullptr ||
         id.as<std::uint64_t>() != nullptr || id.as<binary>() != nullptr;
}

bool take_text(value& from, std::string& out) {
  if (from.is_null()) return true;
  if (auto* text = std::get_if<std::string>(&from.v))
    out = std::move(*text);
  else if (auto* name = std::get_if<symbol>(&from.v))
    out = std::move(name->text);
  else
    return false;
  return true;
}

// False when a field has a type that it cannot have.
bool take_properties(value_list& fields, message& m) {
  for (std::size_t place = 0; place < fields.size(); ++place) {
    value& item = fields[place];
    if (item.is_null()) continue;
    switch (place) {
    case field::message_id:
    case field::correlation_id:
      if (!is_id(item)) return false;
      (place == field::message_id ? m.message_id : m.correlation_id) = std::move(item);
      break;
    case field::user_id:
      if (auto* bytes = std::get_if<binary>(&item.v))
        m.user_id = std::move(*bytes);
      else if (auto* text = std::get_if<std::string>(&item.v)) // seen from old SDKs
        m.user_id = binary{std::move(*text)};
      else
        return false;
      break;
    case field::to:
      if (!take_text(item, m.to)) return false;
      break;
    case field::reply_to:
      if (!take_text(item, m.reply_to)) return false;
      break;
    case field::content_type:
      if (!take_text(item, m.content_type)) return false;
      break;
    case field::content_encoding:
      if (!take_text(item, m.content_encoding)) return false;
      break;
    case field::absolute_expiry:
      if (const auto* time = item.as<timestamp>())
        m.absolute_expiry = *time;
      else
        return false;
      break;
    default:
      break; // the rest is nobody's concern here
    }
  }
  return true;
}

bool take_map(value& from, value_map& out) {
  if (from.is_null()) return true;
  auto* items = std::get_if<value_map>(&from.v);
  if (items == nullptr) return false;
  out = std::move(*items);
  return true;
}

// The bytes of a data section without a copy between; nothing when they are no binary.
std::optional<std::string_view> take_binary(std::string_view& in) {
  if (in.size() < 2) return std::nullopt;
  const auto byte = [&](std::size_t at) {
    return static_cast<std::size_t>(static_cast<std::uint8_t>(in[at]));
  };
  std::size_t head = 2, size = byte(1);
  if (byte(0) == static_cast<std::size_t>(code::binary32)) {
    head = 5;
    if (in.size() < head) return std::nullopt;
    size = byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4);
  } else if (byte(0) != static_cast<std::size_t>(code::binary8)) {
    return std::nullopt;
  }
  if (in.size() - head < size) return std::nullopt;
  const auto bytes = in.substr(head, size);
  in.remove_prefix(head + size);
  return bytes;
}

// The descriptor in front of a section, in any of its numeric forms.
std::optional<std::uint64_t> take_descriptor(std::string_view& in) {
  if (in.empty() || in[0] != '\0') return std::nullopt;
  std::string_view rest = in.substr(1);
  const auto descriptor = decode(rest);
  if (!descriptor) return std::nullopt;
  const auto* number = descriptor->as<std::uint64_t>();
  if (number == nullptr) return std::nullopt;
  in = rest;
  return *number;
}

result<void> take_section(std::uint64_t descriptor, std::string_view& in, message& m) {
  if (descriptor == section::data) {
    const auto bytes = take_binary(in);
    if (!bytes || m.kind == message::body_kind::value) return malformed("data section");
    m.kind = message::body_kind::data;
    m.data.append(*bytes);
    ++m.data_sections;
    return {};
  }
  auto content = decode(in);
  if (!content) return malformed("section");
  switch (descriptor) {
  case section::header:
  case section::delivery_annotations:
  case section::footer:
    return {};
  case section::message_annotations:
    if (!take_map(*content, m.message_annotations)) return malformed("message-annotations");
    return {};
  case section::properties: {
    auto* fields = std::get_if<value_list>(&content->v);
    if (!content->is_null() && (fields == nullptr || !take_properties(*fields, m)))
      return malformed("properties");
    return {};
  }
  case section::application_properties:
    if (!take_map(*content, m.application_properties)) return malformed("application-properties");
    return {};
  case section::amqp_value:
    if (m.kind != message::body_kind::none) return malformed("second body");
    m.kind = message::body_kind::value;
    m.body = std::move(*content);
    return {};
  case section::sequence:
    return malformed("amqp-sequence bodies are not taken");
  default:
    return malformed("unknown section");
  }
}

} // namespace

const value* message::application_property(std::string_view name) const {
  return find(application_properties, name);
}

const value* message::annotation(std::string_view name) const {
  return find(message_annotations, name);
}

std::string encode_message(const message& m) {
  std::string out;
  out.reserve(256 + m.data.size());
  put_map(out, section::message_annotations, m.message_annotations);
  put_properties(out, m);
  put_map(out, section::application_properties, m.application_properties);
  if (m.kind == message::body_kind::data) {
    put_descriptor(out, section::data);
    put_binary(out, m.data);
  } else if (m.kind == message::body_kind::value) {
    put_descriptor(out, section::amqp_value);
    encode(out, m.body);
  }
  return out;
}

result<message> decode_message(std::string_view bytes) {
  message m;
  std::uint32_t seen = 0;
  while (!bytes.empty()) {
    const auto descriptor = take_descriptor(bytes);
    if (!descriptor || *descriptor < section::header || *descriptor > section::footer)
      return malformed("no message section where one should begin");
    const auto bit = std::uint32_t{1} << (*descriptor - section::header);
    if ((seen & bit) != 0 && *descriptor != section::data) return malformed("a section comes twice");
    seen |= bit;
    if (auto taken = take_section(*descriptor, bytes, m); !taken) return taken.fault();
  }
  return m;
}

} // namespace causeway::amqp
