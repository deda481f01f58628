// SPDX-License-Identifier: Apache-2.0
// For tests of bodies that come in pieces: a source that says what a test tells it, and what became of it.
#pragma once

#include "net/http_message.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace causeway::net {

// Outlives the source, which a connection has.
struct source_script {
  std::string waiting; // to be read
  bool ends = false;   // behind that
  bool breaks = false, throws = false;
  bool ends_when_told = false;

  std::size_t given = 0; // bytes
  int reads = 0, told_to_end = 0;
  bool gone = false;
  std::function<void()> ready;

  void say(const std::string& more) {
    waiting += more;
    ready();
  }
  void end() {
    ends = true;
    ready();
  }
};

class scripted_source final : public http_source {
public:
  explicit scripted_source(std::shared_ptr<source_script> s) : script_{std::move(s)} {}
  ~scripted_source() override { script_->gone = true; }
  http_piece read(std::span<char> into) override {
    auto& s = *script_;
    ++s.reads;
    if (s.throws) throw std::runtime_error{"a bug"};
    if (s.waiting.empty()) {
      if (s.breaks) return {http_piece::kind::broken};
      return {s.ends ? http_piece::kind::end : http_piece::kind::later};
    }
    const auto size = s.waiting.copy(into.data(), into.size());
    s.waiting.erase(0, size);
    s.given += size;
    return {http_piece::kind::some, size};
  }
  void on_ready(std::function<void()> ready) override { script_->ready = std::move(ready); }
  void wind_up() override {
    ++script_->told_to_end;
    if (script_->ends_when_told) script_->end();
  }

private:
  std::shared_ptr<source_script> script_;
};

inline http_response response_of(const std::shared_ptr<source_script>& script) {
  http_response made;
  made.content_type = "text/event-stream";
  made.source = std::make_unique<scripted_source>(script);
  return made;
}

// No two places look alike for long.
inline std::string long_text(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; out.size() < size; ++i)
    out += std::to_string(i) + ' ';
  out.resize(size);
  return out;
}

} // namespace causeway::net
