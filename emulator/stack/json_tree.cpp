// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/json_tree.h"

#include <algorithm>
#include <optional>

namespace causeway::emulator {
namespace {

constexpr int max_depth = 64;

class parser {
public:
  explicit parser(std::string_view text) : in_{text} {}

  bool read(json_tree& out, int depth) {
    skip_space();
    if (in_.empty() || depth > max_depth) return false;
    if (in_.front() == '{') return read_object(out, depth);
    if (in_.front() == '[') return read_array(out, depth);
    if (in_.front() == '"') {
      const auto content = take_string();
      if (!content) return false;
      out.text = {content->data() - 1, content->size() + 2};
      return true;
    }
    const auto end = in_.find_first_of(",]} \t\r\n");
    out.text = in_.substr(0, end);
    in_.remove_prefix(out.text.size());
    return !out.text.empty();
  }
  bool at_end() {
    skip_space();
    return in_.empty();
  }

private:
  void skip_space() {
    const auto next = in_.find_first_not_of(" \t\r\n");
    in_.remove_prefix(next == std::string_view::npos ? in_.size() : next);
  }
  bool take(char wanted) {
    skip_space();
    if (!in_.starts_with(wanted)) return false;
    in_.remove_prefix(1);
    return true;
  }
  // What stands between the quotes.
  std::optional<std::string_view> take_string() {
    if (!take('"')) return std::nullopt;
    for (std::size_t i = 0; i < in_.size(); ++i) {
      if (in_[i] == '\\') {
        ++i;
      } else if (in_[i] == '"') {
        const auto content = in_.substr(0, i);
        in_.remove_prefix(i + 1);
        return content;
      }
    }
    return std::nullopt;
  }
  bool read_object(json_tree& out, int depth) {
    out.is = json_tree::kind::object;
    take('{');
    if (take('}')) return true;
    do {
      const auto key = take_string();
      if (!key || !take(':')) return false;
      auto& member = out.members.emplace_back(*key, json_tree{});
      if (!read(member.second, depth + 1)) return false;
    } while (take(','));
    return take('}');
  }
  bool read_array(json_tree& out, int depth) {
    out.is = json_tree::kind::array;
    take('[');
    if (take(']')) return true;
    do {
      if (!read(out.items.emplace_back(), depth + 1)) return false;
    } while (take(','));
    return take(']');
  }

  std::string_view in_;
};

// xorshift64*: the order need not be good, only different.
class dice {
public:
  explicit dice(std::uint64_t seed) : state_{seed * 2685821657736338717ULL + 88172645463325252ULL} {}
  std::size_t below(std::size_t count) {
    state_ ^= state_ >> 12U;
    state_ ^= state_ << 25U;
    state_ ^= state_ >> 27U;
    return static_cast<std::size_t>((state_ * 2685821657736338717ULL) >> 33U) % count;
  }

private:
  std::uint64_t state_;
};

class writer {
public:
  explicit writer(dice* chance) : chance_{chance} {}

  void write(const json_tree& tree) {
    switch (tree.is) {
    case json_tree::kind::scalar:
      out_ += tree.text;
      break;
    case json_tree::kind::object:
      write_object(tree);
      break;
    case json_tree::kind::array:
      out_ += '[';
      for (std::size_t i = 0; i < tree.items.size(); ++i) {
        if (i > 0) separate();
        write(tree.items[i]);
      }
      out_ += ']';
      break;
    }
  }
  std::string take() { return std::move(out_); }

private:
  void separate() {
    out_ += ',';
    space();
  }
  void space() {
    if (chance_ != nullptr && chance_->below(4) == 0) out_ += ' ';
  }
  void write_object(const json_tree& tree) {
    std::vector<const std::pair<std::string_view, json_tree>*> order;
    for (const auto& member : tree.members)
      order.push_back(&member);
    for (std::size_t i = order.size(); chance_ != nullptr && i > 1; --i)
      std::swap(order[i - 1], order[chance_->below(i)]);
    out_ += '{';
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i > 0) separate();
      out_.append("\"").append(order[i]->first).append("\":");
      space();
      write(order[i]->second);
    }
    out_ += '}';
  }

  dice* chance_;
  std::string out_;
};

} // namespace

json_tree* json_tree::find(std::string_view key) {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.first == key; });
  return found == members.end() ? nullptr : &found->second;
}

void json_tree::erase(std::string_view key) {
  std::erase_if(members, [&](const auto& member) { return member.first == key; });
}

result<json_tree> parse_json_tree(std::string_view text) {
  parser in{text};
  json_tree tree;
  if (!in.read(tree, 0) || !in.at_end()) return error{errc::json_malformed};
  return tree;
}

std::string write_json(const json_tree& tree) {
  writer out{nullptr};
  out.write(tree);
  return out.take();
}

std::string write_varied_json(const json_tree& tree, std::uint64_t seed) {
  dice chance{seed};
  writer out{&chance};
  out.write(tree);
  return out.take();
}

void keep_paths(json_tree& tree, const std::vector<std::string>& paths) {
  std::erase_if(tree.members, [&](auto& member) {
    std::vector<std::string> below;
    for (const auto& path : paths) {
      if (path == member.first) return false;
      if (path.size() > member.first.size() && path.starts_with(member.first) &&
          path[member.first.size()] == '.')
        below.push_back(path.substr(member.first.size() + 1));
    }
    if (below.empty() || member.second.is != json_tree::kind::object) return true;
    keep_paths(member.second, below);
    return false;
  });
}

} // namespace causeway::emulator
