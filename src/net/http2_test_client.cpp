// SPDX-License-Identifier: Apache-2.0
#include "net/http2_test_client.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace causeway::net {
namespace {

std::string text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

http2_test_client& of(void* user) {
  return *static_cast<http2_test_client*>(user);
}

} // namespace

http2_test_client::http2_test_client(std::uint32_t window) {
  nghttp2_session_callbacks* calls = nullptr;
  nghttp2_session_callbacks_new(&calls);
  nghttp2_session_callbacks_set_on_header_callback(
      calls, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
        of(user).answers[frame->hd.stream_id].header.emplace_back(text(name, name_size),
                                                                  text(value, value_size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      calls, [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size,
                void* user) {
        of(user).answers[id].body += text(bytes, size);
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      calls, [](nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
        of(user).answers[id].closed = true;
        of(user).answers[id].reset = code;
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      calls, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        if (frame->hd.type != NGHTTP2_GOAWAY) return 0;
        of(user).sent_away = true;
        of(user).sent_away_by = frame->goaway.error_code;
        of(user).last_answered = frame->goaway.last_stream_id;
        return 0;
      });
  nghttp2_session_client_new(&session_, calls, this);
  nghttp2_session_callbacks_del(calls);
  const nghttp2_settings_entry setting{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &setting, 1);
}

http2_test_client::~http2_test_client() {
  nghttp2_session_del(session_);
}

std::int32_t http2_test_client::post(const std::string& path, std::string body, http_fields more, bool ends) {
  http_fields all{{":method", "POST"}, {":scheme", "https"}, {":authority", "gateway"}, {":path", path}};
  all.insert(all.end(), more.begin(), more.end());
  return request(std::move(all), std::move(body), ends);
}
std::int32_t http2_test_client::request(http_fields all, std::string body, bool ends) {
  std::vector<nghttp2_nv> list;
  for (auto& [name, value] : all)
    list.push_back({reinterpret_cast<std::uint8_t*>(name.data()),
                    reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(),
                    NGHTTP2_NV_FLAG_NONE});
  auto& source = bodies_.emplace_back(std::make_unique<source_of>());
  source->body = std::move(body);
  source->ends = ends;
  nghttp2_data_provider provider{};
  provider.source.ptr = source.get();
  provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t room,
                              std::uint32_t* flags, nghttp2_data_source* from, void*) -> ssize_t {
    auto& s = *static_cast<source_of*>(from->ptr);
    const auto size = std::min(room, s.body.size() - s.at);
    std::copy_n(s.body.data() + s.at, size, into);
    s.at += size;
    if (s.at == s.body.size() && s.ends) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return size == 0 && !s.ends ? ssize_t{NGHTTP2_ERR_DEFERRED} : static_cast<ssize_t>(size);
  };
  return nghttp2_submit_request(session_, nullptr, list.data(), list.size(), &provider, nullptr);
}
void http2_test_client::cancel(std::int32_t id) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
}
std::string http2_test_client::take_output() {
  std::string out;
  const std::uint8_t* bytes = nullptr;
  for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;)
    out += text(bytes, static_cast<std::size_t>(size));
  return out;
}
void http2_test_client::feed(std::string_view bytes) {
  nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

} // namespace causeway::net
