// SPDX-License-Identifier: Apache-2.0
// For tests: an HTTP/2 client without I/O.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct nghttp2_session;

namespace causeway::net {

using http_fields = std::vector<std::pair<std::string, std::string>>;

// nghttp2's own client, joined to what is tested by strings.
class http2_test_client {
public:
  struct answer {
    http_fields header;
    std::string body;
    bool closed = false;
    std::uint32_t reset = 0; // the error with which the stream closed

    std::string field(const std::string& name) const {
      for (const auto& [key, value] : header)
        if (key == name) return value;
      return {};
    }
    std::string status() const { return field(":status"); }
  };
  std::map<std::int32_t, answer> answers;
  bool sent_away = false;         // GOAWAY
  std::uint32_t sent_away_by = 0; // its error
  std::int32_t last_answered = 0; // the last stream that it lets be

  // window: for each answer, as this client says in its settings.
  explicit http2_test_client(std::uint32_t window = 65'535);
  ~http2_test_client();
  http2_test_client(const http2_test_client&) = delete;

  // ends: with the body; otherwise the request stays open.
  std::int32_t post(const std::string& path, std::string body, http_fields more = {}, bool ends = true);
  std::int32_t request(http_fields all, std::string body = {}, bool ends = true);
  void cancel(std::int32_t id);
  std::string take_output();
  void feed(std::string_view bytes);

private:
  struct source_of {
    std::string body;
    std::size_t at = 0;
    bool ends = true;
  };

  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<source_of>> bodies_;
};

} // namespace causeway::net
