// SPDX-License-Identifier: Apache-2.0
#include "tts/json_span.h"

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace causeway::tts {
namespace {

// Everything below trusts that the text was validated: a string has its end, brackets match.

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at]))
    ++at;
  return at;
}

// at: the opening quotation mark. Returns the place after the closing one.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    const void* quote = std::memchr(text.data() + at, '"', text.size() - at);
    if (quote == nullptr) return text.size();
    at = static_cast<std::size_t>(static_cast<const char*>(quote) - text.data());
    std::size_t backslashes = 0;
    while (text[at - 1 - backslashes] == '\\')
      ++backslashes;
    if (backslashes % 2 == 0) return at + 1;
  }
  return text.size();
}

// What ends a number or a literal.
constexpr auto structural = [] {
  std::array<bool, 256> table{};
  for (const char c : {'"', '{', '}', '[', ']', ',', ' ', '\n', '\r', '\t'})
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

// at: the first character of a number or a literal. Returns the place after its last one.
std::size_t scalar_end(std::string_view text, std::size_t at) {
  while (at < text.size() && !structural[static_cast<unsigned char>(text[at])])
    ++at;
  return at;
}

// Takes the parser's events in their order and notes where each key and value stands. The parser gives no
// offsets, but between one and the next there is nothing but white space, commas and colons.
class indexer {
public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  explicit indexer(std::string_view body) : text_{body} {
    constexpr std::size_t bytes_a_place = 9; // of the stack's uplinks
    places_.reserve(body.size() / bytes_a_place + 1);
  }
  std::vector<json_place> take() { return std::move(places_); }

  using fault = boost::system::error_code;
  using text = boost::json::string_view;
  bool on_document_begin(fault&) { return true; }
  bool on_document_end(fault&) { return true; }
  bool on_object_begin(fault&) { return open(); }
  bool on_object_end(std::size_t, fault&) { return close(); }
  bool on_array_begin(fault&) { return open(); }
  bool on_array_end(std::size_t, fault&) { return close(); }
  bool on_key_part(text, std::size_t, fault&) { return true; }
  bool on_key(text last, std::size_t, fault&) { return add_string(last); }
  bool on_string_part(text, std::size_t, fault&) { return true; }
  bool on_string(text last, std::size_t, fault&) { return add_string(last); }
  bool on_number_part(text, fault&) { return true; }
  bool on_int64(std::int64_t, text, fault&) { return add_scalar(); }
  bool on_uint64(std::uint64_t, text, fault&) { return add_scalar(); }
  bool on_double(double, text, fault&) { return add_scalar(); }
  bool on_bool(bool, fault&) { return add_scalar(); }
  bool on_null(fault&) { return add_scalar(); }
  bool on_comment_part(text, fault&) { return true; }
  bool on_comment(text, fault&) { return true; }

private:
  std::size_t next_begin() const {
    auto at = at_;
    while (is_space(text_[at]) || text_[at] == ',' || text_[at] == ':')
      ++at;
    return at;
  }
  bool add(std::size_t begin, std::size_t end) {
    places_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), 1});
    at_ = end;
    return true;
  }
  // last: without an escape all of its characters, in the text itself; otherwise a copy of some.
  bool add_string(text last) {
    const auto begin = next_begin();
    const bool is_plain = last.data() == text_.data() + begin + 1;
    return add(begin, is_plain ? begin + last.size() + 2 : string_end(text_, begin));
  }
  bool add_scalar() {
    const auto begin = next_begin();
    return add(begin, scalar_end(text_, begin));
  }
  // Until it is closed its count is the place of the one around it.
  bool open() {
    const auto begin = next_begin();
    add(begin, begin + 1);
    places_.back().count = std::exchange(open_, static_cast<std::uint32_t>(places_.size() - 1));
    return true;
  }
  bool close() {
    auto& place = places_[open_];
    at_ = next_begin() + 1;
    place.end = static_cast<std::uint32_t>(at_);
    const auto count = static_cast<std::uint32_t>(places_.size() - open_);
    open_ = std::exchange(place.count, count);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0; // behind what is noted
  std::uint32_t open_ = 0;
  std::vector<json_place> places_;
};

std::string unescaped(std::string_view quoted) {
  boost::system::error_code ec;
  const auto value = boost::json::parse({quoted.data(), quoted.size()}, ec);
  if (ec || !value.is_string()) return {};
  return {value.get_string().data(), value.get_string().size()};
}

// One walk over the text, whatever its depth.
class canonical_writer {
public:
  explicit canonical_writer(std::string_view text) : text_{text} {}

  void write(std::string& out) {
    at_ = skip_space(text_, at_);
    if (at_ >= text_.size()) return;
    switch (text_[at_]) {
    case '"':
      return write_string(out);
    case '{':
      return write_object(out);
    case '[':
      return write_array(out);
    default:
      const auto first = std::exchange(at_, scalar_end(text_, at_));
      out += text_.substr(first, at_ - first);
    }
  }

private:
  struct member {
    std::string name, value;
  };

  void write_string(std::string& out) {
    const auto end = string_end(text_, at_);
    const auto quoted = text_.substr(at_, end - at_);
    at_ = end;
    const auto content = quoted.find('\\') == std::string_view::npos
                             ? std::string{quoted.substr(1, quoted.size() - 2)}
                             : unescaped(quoted);
    out += '"';
    for (const char c : content) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }

  // at_: behind the opening bracket, or behind an element. False at the end, which is passed over.
  bool has_more(char end) {
    at_ = skip_space(text_, at_);
    if (at_ < text_.size() && text_[at_] == ',') at_ = skip_space(text_, at_ + 1);
    if (at_ < text_.size() && text_[at_] != end) return true;
    ++at_;
    return false;
  }

  void write_array(std::string& out) {
    out += '[';
    for (++at_; has_more(']'); out += ',')
      write(out);
    if (out.back() == ',') out.pop_back();
    out += ']';
  }

  void write_object(std::string& out) {
    std::vector<member> members;
    for (++at_; has_more('}');) {
      auto& one = members.emplace_back();
      write_string(one.name);
      at_ = skip_space(text_, at_) + 1; // the colon
      write(one.value);
    }
    std::stable_sort(members.begin(), members.end(),
                     [](const member& left, const member& right) { return left.name < right.name; });
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i + 1 < members.size() && members[i + 1].name == members[i].name) continue;
      out.append(members[i].name).append(":").append(members[i].value).append(",");
    }
    if (out.back() == ',') out.pop_back();
    out += '}';
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

} // namespace

std::optional<std::string> json_span::string() const {
  if (!is_string()) return std::nullopt;
  const auto inside = text_.substr(1, text_.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return std::string{inside};
  return unescaped(text_);
}

std::string json_span::compact() const {
  std::string out;
  out.reserve(text_.size());
  for (std::size_t at = 0; at < text_.size();) {
    if (text_[at] == '"') {
      const auto end = string_end(text_, at);
      out += text_.substr(at, end - at);
      at = end;
    } else {
      if (!is_space(text_[at])) out += text_[at];
      ++at;
    }
  }
  return out;
}

std::string json_span::canonical() const {
  std::string out;
  out.reserve(text_.size());
  canonical_writer{text_}.write(out);
  return out;
}

result<json_document> parse_json(std::string_view body) {
  if (body.size() > std::numeric_limits<std::uint32_t>::max())
    return error{errc::json_malformed, "longer than 4 GiB"};
  boost::json::parse_options options;
  options.max_depth = max_json_depth;
  boost::json::basic_parser<indexer> parser{options, body};
  boost::system::error_code ec;
  auto at = parser.write_some(false, body.data(), body.size(), ec);
  if (!ec && at < body.size()) ec = boost::json::error::extra_data;
  if (ec) return error{errc::json_malformed, "offset " + std::to_string(at) + ": " + ec.message()};
  return json_document{body, parser.handler().take()};
}

json_cursor::json_cursor(const json_span& container) : object_{container.is_object()} {
  if (!object_ && !container.is_array()) return;
  all_ = container.text_.data() - container.at_->begin;
  next_ = container.at_ + 1;
  end_ = container.at_ + container.at_->count;
}

bool json_cursor::next() {
  if (next_ == end_) return false;
  if (object_) {
    const json_span quoted{all_, next_++};
    key_ = quoted.text().substr(1, quoted.text().size() - 2);
    if (key_.find('\\') != std::string_view::npos) {
      unescaped_key_ = unescaped(quoted.text());
      key_ = unescaped_key_;
    }
  }
  value_ = json_span{all_, next_};
  next_ += next_->count;
  return true;
}

result<json_document> parse_json_object(std::string_view body, errc otherwise) {
  auto document = parse_json(body);
  if (!document) return error{otherwise, std::move(document).fault().detail()};
  if (!document->is_object()) return error{otherwise, "the body is not a JSON object"};
  return document;
}

bool is_named(std::string_view key, std::string_view name) {
  if (key.size() == name.size()) return key == name;
  if (key.empty() || key.size() > name.size() || key.front() != name.front()) return false;
  std::size_t at = 0;
  for (std::size_t i = 0; i < name.size(); ++i, ++at) {
    char expected = name[i];
    if (expected == '_' && i + 1 < name.size()) {
      expected = name[++i];
      if (expected >= 'a' && expected <= 'z') expected = static_cast<char>(expected - 'a' + 'A');
    }
    if (at >= key.size() || key[at] != expected) return false;
  }
  return at == key.size();
}

void read_members(const json_span& object,
                  std::initializer_list<std::pair<std::string_view, json_span*>> wanted) {
  for (json_cursor member{object}; member.next();) {
    for (const auto& [name, slot] : wanted) {
      if (!is_named(member.key(), name)) continue;
      *slot = member.value();
      break;
    }
  }
}

json_span member_of(const json_span& object, std::string_view name) {
  json_span found;
  for (json_cursor at{object}; at.next();)
    if (at.key() == name) found = at.value();
  return found;
}

} // namespace causeway::tts
