// SPDX-License-Identifier: Apache-2.0
#include "amqp/value.h"

#include "amqp/primitive.h"
#include "base/encoding.h"

#include <algorithm>
#include <bit>

namespace causeway::amqp {
namespace {

constexpr int max_depth = 32;
// A value in memory takes many times its least size on the wire (one byte), so their number is limited too.
constexpr int max_values = 100'000;

template <class T>
T get_unsigned(std::string_view bytes) {
  T number = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    number = static_cast<T>((static_cast<std::uint64_t>(number) << 8) | static_cast<std::uint8_t>(bytes[i]));
  return number;
}

// Reads from the front of a view; every function is false when the bytes are no AMQP or end too early.
class decoder {
public:
  decoder(std::string_view bytes, int& budget) : in_{bytes}, budget_{&budget} {}
  std::string_view rest() const { return in_; }

  bool read(value& out, int depth) {
    std::uint8_t type = 0;
    if (depth > max_depth || --*budget_ < 0 || !take_byte(type)) return false;
    if (type == static_cast<std::uint8_t>(code::described)) {
      value descriptor, content;
      if (!read(descriptor, depth + 1) || !read(content, depth + 1)) return false;
      out.v = described{std::make_shared<const value>(std::move(descriptor)),
                        std::make_shared<const value>(std::move(content))};
      return true;
    }
    return read_body(type, out, depth);
  }

private:
  bool take(std::size_t count, std::string_view& bytes) {
    if (in_.size() < count) return false;
    bytes = in_.substr(0, count);
    in_.remove_prefix(count);
    return true;
  }

  bool take_byte(std::uint8_t& byte) {
    std::string_view one;
    if (!take(1, one)) return false;
    byte = static_cast<std::uint8_t>(one[0]);
    return true;
  }

  template <class T>
  bool take_unsigned(T& number) {
    std::string_view bytes;
    if (!take(sizeof(T), bytes)) return false;
    number = get_unsigned<T>(bytes);
    return true;
  }

  bool take_size(bool large, std::uint32_t& size) {
    if (large) return take_unsigned(size);
    std::uint8_t small = 0;
    if (!take_byte(small)) return false;
    size = small;
    return true;
  }

  // Width in the wire's unsigned type, then as the value's type.
  template <class Wire, class T>
  bool number(value& out) {
    Wire wire = 0;
    if (!take_unsigned(wire)) return false;
    out.v = static_cast<T>(wire);
    return true;
  }

  bool read_body(std::uint8_t type, value& out, int depth) {
    switch (type) {
    case 0x40:
      out.v = std::monostate{};
      return true;
    case 0x41:
      out.v = true;
      return true;
    case 0x42:
      out.v = false;
      return true;
    case 0x43:
      out.v = std::uint32_t{0};
      return true;
    case 0x44:
      out.v = std::uint64_t{0};
      return true;
    case 0x45:
      out.v = value_list{};
      return true;
    case 0x50:
      return number<std::uint8_t, std::uint8_t>(out);
    case 0x51:
      return number<std::uint8_t, std::int8_t>(out);
    case 0x52:
      return number<std::uint8_t, std::uint32_t>(out);
    case 0x53:
      return number<std::uint8_t, std::uint64_t>(out);
    case 0x54:
      return small_signed<std::int32_t>(out);
    case 0x55:
      return small_signed<std::int64_t>(out);
    case 0x56:
      return boolean(out);
    case 0x60:
      return number<std::uint16_t, std::uint16_t>(out);
    case 0x61:
      return number<std::uint16_t, std::int16_t>(out);
    case 0x70:
      return number<std::uint32_t, std::uint32_t>(out);
    case 0x71:
      return number<std::uint32_t, std::int32_t>(out);
    case 0x72:
      return real<std::uint32_t, float>(out);
    case 0x80:
      return number<std::uint64_t, std::uint64_t>(out);
    case 0x81:
      return number<std::uint64_t, std::int64_t>(out);
    case 0x82:
      return real<std::uint64_t, double>(out);
    case 0x83:
      return moment_of(out);
    case 0x98:
      return uuid_of(out);
    case 0xa0:
    case 0xb0:
    case 0xa1:
    case 0xb1:
    case 0xa3:
    case 0xb3:
      return variable(type, out);
    case 0xc0:
    case 0xd0:
      return list(type == 0xd0, out, depth);
    case 0xc1:
    case 0xd1:
      return map(type == 0xd1, out, depth);
    case 0xe0:
    case 0xf0:
      return array(type == 0xf0, out, depth);
    default:
      return false;
    }
  }

  template <class T>
  bool small_signed(value& out) {
    std::uint8_t byte = 0;
    if (!take_byte(byte)) return false;
    out.v = static_cast<T>(static_cast<std::int8_t>(byte));
    return true;
  }

  bool boolean(value& out) {
    std::uint8_t byte = 0;
    if (!take_byte(byte) || byte > 1) return false;
    out.v = byte == 1;
    return true;
  }

  template <class Wire, class T>
  bool real(value& out) {
    Wire wire = 0;
    if (!take_unsigned(wire)) return false;
    out.v = std::bit_cast<T>(wire);
    return true;
  }

  bool moment_of(value& out) {
    std::uint64_t wire = 0;
    if (!take_unsigned(wire)) return false;
    out.v = timestamp{static_cast<std::int64_t>(wire)};
    return true;
  }

  bool uuid_of(value& out) {
    std::string_view bytes;
    uuid id;
    if (!take(id.bytes.size(), bytes)) return false;
    std::transform(bytes.begin(), bytes.end(), id.bytes.begin(),
                   [](char c) { return static_cast<std::uint8_t>(c); });
    out.v = id;
    return true;
  }

  bool variable(std::uint8_t type, value& out) {
    std::uint32_t size = 0;
    std::string_view bytes;
    if (!take_size(type >= 0xb0, size) || !take(size, bytes)) return false;
    const int kind = type & 0x0f;
    if (kind == 0) {
      out.v = binary{std::string{bytes}};
      return true;
    }
    if (!is_utf8(bytes)) return false;
    if (kind == 1)
      out.v = std::string{bytes};
    else
      out.v = symbol{std::string{bytes}};
    return true;
  }

  // The inside of a container as a decoder of its own, so that no element can reach beyond it.
  bool container(bool large, std::uint32_t& count, decoder& inside) {
    std::uint32_t size = 0;
    std::string_view bytes;
    if (!take_size(large, size) || !take(size, bytes)) return false;
    inside.in_ = bytes;
    // Each element takes at least one byte: a declared count beyond that is a lie.
    return inside.take_size(large, count) && count <= inside.in_.size();
  }

  // A declared count decides no allocation beyond this; nested containers would multiply it.
  static std::size_t first_room(std::uint32_t count) { return std::min<std::uint32_t>(count, 16); }

  bool list(bool large, value& out, int depth) {
    std::uint32_t count = 0;
    decoder inside{{}, *budget_};
    if (!container(large, count, inside)) return false;
    value_list items;
    items.reserve(first_room(count));
    for (std::uint32_t i = 0; i < count; ++i)
      if (!inside.read(items.emplace_back(), depth + 1)) return false;
    if (!inside.in_.empty()) return false;
    out.v = std::move(items);
    return true;
  }

  bool map(bool large, value& out, int depth) {
    std::uint32_t count = 0;
    decoder inside{{}, *budget_};
    if (!container(large, count, inside) || count % 2 != 0) return false;
    value_map items;
    items.reserve(first_room(count / 2));
    for (std::uint32_t i = 0; i < count; i += 2) {
      auto& [key, item] = items.emplace_back();
      if (!inside.read(key, depth + 1) || !inside.read(item, depth + 1)) return false;
    }
    if (!inside.in_.empty()) return false;
    out.v = std::move(items);
    return true;
  }

  bool array(bool large, value& out, int depth) {
    std::uint32_t count = 0;
    decoder inside{{}, *budget_};
    std::uint32_t size = 0;
    std::string_view bytes;
    if (!take_size(large, size) || !take(size, bytes)) return false;
    inside.in_ = bytes;
    if (!inside.take_size(large, count)) return false;
    value_array items;
    if (count == 0) { // the constructor may be there or not
      out.v = std::move(items);
      return true;
    }
    std::shared_ptr<const value> descriptor; // of every element; a descriptor of a descriptor is refused
    std::uint8_t type = 0;
    if (!inside.take_byte(type)) return false;
    if (type == static_cast<std::uint8_t>(code::described)) {
      value read_descriptor;
      if (!inside.read(read_descriptor, depth + 1) || !inside.take_byte(type)) return false;
      descriptor = std::make_shared<const value>(std::move(read_descriptor));
    }
    // Also refuses elements without any bytes of their own (null, true, …), whose count nothing would bound.
    const int element_depth = depth + (descriptor ? 2 : 1);
    if (count > inside.in_.size() || element_depth > max_depth) return false;
    items.items.reserve(first_room(count));
    for (std::uint32_t i = 0; i < count; ++i) {
      value item;
      if (--*budget_ < 0 || !inside.read_body(type, item, element_depth)) return false;
      if (descriptor) {
        value wrapped;
        wrapped.v = described{descriptor, std::make_shared<const value>(std::move(item))};
        item = std::move(wrapped);
      }
      items.items.push_back(std::move(item));
    }
    if (!inside.in_.empty()) return false;
    out.v = std::move(items);
    return true;
  }

  std::string_view in_;
  int* budget_;
};

struct encoder {
  std::string& out;

  void operator()(std::monostate) { put_null(out); }
  void operator()(bool truth) { put_byte(out, truth ? 0x41 : 0x42); }
  void operator()(std::uint8_t number) { fixed(0x50, number); }
  void operator()(std::uint16_t number) { fixed(0x60, number); }
  void operator()(std::uint32_t number) {
    if (number == 0)
      put_byte(out, 0x43);
    else if (number <= 0xff)
      fixed(0x52, static_cast<std::uint8_t>(number));
    else
      fixed(0x70, number);
  }
  void operator()(std::uint64_t number) {
    if (number == 0)
      put_byte(out, 0x44);
    else if (number <= 0xff)
      fixed(0x53, static_cast<std::uint8_t>(number));
    else
      fixed(0x80, number);
  }
  void operator()(std::int8_t number) { fixed(0x51, static_cast<std::uint8_t>(number)); }
  void operator()(std::int16_t number) { fixed(0x61, static_cast<std::uint16_t>(number)); }
  void operator()(std::int32_t number) {
    if (number >= -128 && number <= 127)
      fixed(0x54, static_cast<std::uint8_t>(number));
    else
      fixed(0x71, static_cast<std::uint32_t>(number));
  }
  void operator()(std::int64_t number) {
    if (number >= -128 && number <= 127)
      fixed(0x55, static_cast<std::uint8_t>(number));
    else
      fixed(0x81, static_cast<std::uint64_t>(number));
  }
  void operator()(float number) { fixed(0x72, std::bit_cast<std::uint32_t>(number)); }
  void operator()(double number) { fixed(0x82, std::bit_cast<std::uint64_t>(number)); }
  void operator()(timestamp time) { put_timestamp(out, time.milliseconds); }
  void operator()(const uuid& id) {
    put_byte(out, 0x98);
    for (const auto byte : id.bytes)
      put_byte(out, byte);
  }
  void operator()(const binary& bytes) { put_binary(out, bytes.bytes); }
  void operator()(const std::string& text) { put_string(out, text); }
  void operator()(const symbol& text) { put_symbol(out, text.text); }
  void operator()(const value_list& items) {
    if (items.empty()) return put_byte(out, 0x45);
    const auto first = begin_compound(out);
    for (const auto& item : items)
      encode(out, item);
    end_compound(out, first, code::list8, code::list32, items.size());
  }
  void operator()(const value_map& items) {
    const auto first = begin_compound(out);
    for (const auto& [key, item] : items) {
      encode(out, key);
      encode(out, item);
    }
    end_compound(out, first, code::map8, code::map32, items.size() * 2);
  }
  void operator()(const described& what) {
    put_code(out, code::described);
    encode(out, *what.descriptor);
    encode(out, *what.content);
  }
  void operator()(const value_array& array);

  template <class T>
  void fixed(std::uint8_t type, T number) {
    put_byte(out, type);
    put_unsigned(out, number);
  }
};

// An array's elements need a body: the forms without one give way to the next larger.
std::uint8_t with_body(std::uint8_t type) {
  switch (type) {
  case 0x41:
  case 0x42:
    return 0x56;
  case 0x43:
    return 0x52;
  case 0x44:
    return 0x53;
  case 0x45:
    return 0xc0;
  default:
    return type;
  }
}

// The shortest constructor of a type that every element can have, without descriptors.
std::uint8_t constructor_of(const std::vector<std::string>& encoded) {
  std::uint8_t widest = 0;
  for (const auto& one : encoded)
    widest = std::max(widest, with_body(static_cast<std::uint8_t>(one[0])));
  return widest;
}

// one: item, encoded.
void put_element(std::string& out, std::uint8_t constructor, const value& item, std::string_view one) {
  const auto type = static_cast<std::uint8_t>(one[0]);
  const std::string_view body = one.substr(1);
  if (type == constructor) {
    out.append(body);
    return;
  }
  if (constructor == 0x56) return put_byte(out, type == 0x41 ? 1 : 0);
  if (const auto number = item.integer()) { // a small form where the array has the large one
    if (constructor == 0x52 || constructor == 0x53) return put_byte(out, 0);
    if (constructor >= 0x80) return put_unsigned(out, static_cast<std::uint64_t>(*number));
    return put_unsigned(out, static_cast<std::uint32_t>(static_cast<std::uint64_t>(*number)));
  }
  if (type == 0x45) { // an empty list: its size and count
    if (constructor == 0xc0) return put_byte(out, 1), put_byte(out, 0);
    return put_unsigned(out, std::uint32_t{4}), put_unsigned(out, std::uint32_t{0});
  }
  // A small form of variable or compound type widened: one-byte fields become four bytes wide.
  if (type < 0xc0) {
    put_unsigned(out, static_cast<std::uint32_t>(body.size() - 1));
    out.append(body.substr(1));
    return;
  }
  const std::string_view inside = body.substr(2);
  put_unsigned(out, static_cast<std::uint32_t>(inside.size() + 4));
  put_unsigned(out, static_cast<std::uint32_t>(static_cast<std::uint8_t>(body[1])));
  out.append(inside);
}

void encoder::operator()(const value_array& array) {
  std::string inside;
  if (array.items.empty()) {
    put_null(inside);
  } else {
    std::vector<const value*> contents;
    contents.reserve(array.items.size());
    for (const auto& item : array.items)
      contents.push_back(&item);
    if (const auto* first = contents.front()->as<described>()) {
      put_code(inside, code::described);
      encode(inside, *first->descriptor);
      const auto descriptor = first->descriptor;
      for (auto& content : contents) {
        const auto* item = content->as<described>();
        // Not by value alone: a NaN is not equal to itself, and the decoder gives all elements one
        // descriptor.
        CAUSEWAY_CHECK(item != nullptr &&
                       (item->descriptor == descriptor || *item->descriptor == *descriptor));
        content = item->content.get();
      }
    }
    CAUSEWAY_CHECK(!contents.front()->is_null() && contents.front()->as<described>() == nullptr);
    // Each element is encoded once: twice would be 2^n times for arrays n deep.
    std::vector<std::string> encoded(contents.size());
    for (std::size_t i = 0; i < contents.size(); ++i) {
      CAUSEWAY_CHECK(contents[i]->v.index() == contents.front()->v.index());
      encode(encoded[i], *contents[i]);
    }
    const std::uint8_t constructor = constructor_of(encoded);
    put_byte(inside, constructor);
    for (std::size_t i = 0; i < contents.size(); ++i)
      put_element(inside, constructor, *contents[i], encoded[i]);
  }
  if (inside.size() + 1 <= 0xff && array.items.size() <= 0xff) {
    put_code(out, code::array8);
    put_byte(out, static_cast<std::uint8_t>(inside.size() + 1));
    put_byte(out, static_cast<std::uint8_t>(array.items.size()));
  } else {
    put_code(out, code::array32);
    put_unsigned(out, checked_size(inside.size() + 4));
    put_unsigned(out, checked_size(array.items.size()));
  }
  out.append(inside);
}

bool same(const std::shared_ptr<const value>& left, const std::shared_ptr<const value>& right) {
  if (!left || !right) return !left && !right;
  return *left == *right;
}

} // namespace

const std::string* value::text() const {
  if (const auto* plain = as<std::string>()) return plain;
  if (const auto* name = as<symbol>()) return &name->text;
  return nullptr;
}

std::optional<std::int64_t> value::integer() const {
  return std::visit(
      [](const auto& held) -> std::optional<std::int64_t> {
        using held_type = std::decay_t<decltype(held)>;
        if constexpr (std::is_integral_v<held_type> && !std::is_same_v<held_type, bool>) {
          if (!std::in_range<std::int64_t>(held)) return std::nullopt;
          return static_cast<std::int64_t>(held);
        } else {
          return std::nullopt;
        }
      },
      v);
}

const value* value::find(std::string_view key) const {
  const auto* items = as<value_map>();
  if (items == nullptr) return nullptr;
  for (const auto& [name, item] : *items)
    if (const auto* text = name.text(); text != nullptr && *text == key) return &item;
  return nullptr;
}

bool operator==(const value& left, const value& right) {
  if (left.v.index() != right.v.index()) return false;
  return std::visit(
      [&right](const auto& held) {
        using held_type = std::decay_t<decltype(held)>;
        const auto& other = *std::get_if<held_type>(&right.v);
        if constexpr (std::is_same_v<held_type, value_array>)
          return held.items == other.items;
        else if constexpr (std::is_same_v<held_type, described>)
          return same(held.descriptor, other.descriptor) && same(held.content, other.content);
        else
          return held == other;
      },
      left.v);
}

void encode(std::string& out, const value& what) {
  std::visit(encoder{out}, what.v);
}

result<value> decode(std::string_view& in) {
  int budget = max_values;
  decoder reader{in, budget};
  value out;
  if (!reader.read(out, 0)) return error{errc::amqp_value_malformed};
  in = reader.rest();
  return out;
}

} // namespace causeway::amqp
