// SPDX-License-Identifier: Apache-2.0
// A client's first bytes into the server's half of SASL. First byte of the input: how many bytes at a time;
// an odd number also refuses the client.
#include "amqp/sasl_frames.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace causeway;
  using step = amqp::sasl_server::step;
  auto input = fuzz::text_of(bytes, size);
  const auto choice = fuzz::take_choice(input);
  amqp::sasl_server server;
  std::size_t given = 0, written = 0, taken = 0;
  bool failed = false;
  fuzz::for_each_piece(input, choice, [&](std::string_view piece) {
    const auto at = server.feed(piece);
    given += piece.size();
    CAUSEWAY_CHECK(!failed || !at);
    failed = !at;
    if (at && *at == step::init) {
      if (const auto& response = server.init().response)
        if (const auto login = amqp::parse_plain(response->reveal())) CAUSEWAY_CHECK(!login->user.empty());
      if (choice % 2 == 0)
        server.accept();
      else
        server.refuse();
    }
    written += server.take_output().size();
    if (server.at() == step::plain || server.at() == step::done) taken += server.take_rest().size();
  });
  CAUSEWAY_CHECK(written < 256 && taken <= given);
  return 0;
}
