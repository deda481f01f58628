// SPDX-License-Identifier: Apache-2.0
// A client's bytes into an HTTP/2 session. First byte of the input: how many bytes at a time (the low six
// bits); whether requests are answered at once, at the end or not; whether the client's preface and settings
// go before.
#include "net/http2_session.h"
#include "target.h"

#include <vector>

namespace {

using namespace causeway;

constexpr std::size_t max_header = 1024, max_body = 2048;
// The preface and an empty SETTINGS frame (RFC 9113 section 3.4).
constexpr std::string_view preface{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", 33};

void answer(net::http2_session& session, const net::http2_session::event& event) {
  net::http_response response;
  response.status = event.refusal == 0 ? 200 : event.refusal;
  response.body = event.request.method;
  response.headers.emplace_back("X-Copied", event.request.target);
  session.answer(event.stream, std::move(response), {});
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto input = fuzz::text_of(bytes, size);
  const auto choice = fuzz::take_choice(input);
  const bool at_once = (choice & 64U) != 0;
  const auto budget = std::make_shared<net::http_budget>();
  {
    net::http2_session session{max_header, max_body, budget};
    if ((choice & 128U) == 0) session.feed(preface, {});
    std::vector<net::http2_session::event> open;
    std::size_t output = 0;
    fuzz::for_each_piece(input, choice & 63U, [&](std::string_view piece) {
      session.feed(piece, {});
      while (auto event = session.next()) {
        const int status = event->refusal;
        CAUSEWAY_CHECK(status == 0 || status == 413 || status == 431);
        CAUSEWAY_CHECK(status != 0 || !event->request.method.empty());
        CAUSEWAY_CHECK(event->request.body.size() <= max_body);
        std::size_t header = event->request.method.size() + event->request.target.size();
        for (const auto& [name, value] : event->request.headers)
          header += name.size() + value.size();
        CAUSEWAY_CHECK(header <= max_header);
        if (at_once)
          answer(session, *event);
        else
          open.push_back(std::move(*event));
      }
      CAUSEWAY_CHECK(session.unanswered() <= net::http2_session::most_streams);
      CAUSEWAY_CHECK(budget->held >= session.under_way() * 2048);
      output += session.take_output({}).size();
    });
    for (const auto& event : open)
      answer(session, event);
    session.end_late({mono_time::max(), mono_time::max(), mono_time::max()});
    while (const auto event = session.next())
      answer(session, *event);
    for (auto out = session.take_output({}); !out.empty(); out = session.take_output({}))
      output += out.size();
    // Nothing that the client sends makes us write without end.
    CAUSEWAY_CHECK(output <= 4096 + 64 * size + (open.size() + 1) * 4096);
  }
  CAUSEWAY_CHECK(budget->held == 0);
  return 0;
}
