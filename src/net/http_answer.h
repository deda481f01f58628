// SPDX-License-Identifier: Apache-2.0
// What http_server says of itself, and how an answer is written. For its own files. No I/O, but the machine's
// clock is asked for the Date, which is made once a second for all of the process: one thread.
#pragma once

#include "net/http_message.h"

#include <string>
#include <string_view>

namespace causeway::net {

http_response http_fault(int status, std::string_view name, std::string_view message);
// Of a server that has no http_refusal.
http_response default_refusal(int status);
// A Date, if it has none.
void add_date(http_response& answer);
// By HTTP/1.1, with a Date; out had better be one that has been used before. Of an answer with a source the
// header: the pieces come behind it, as chunks where the peer knows those.
void write_answer(std::string& out, const http_response& answer, bool head, bool close, bool chunked = true);
// Behind what is there (RFC 9112 section 7.1). An empty piece is the last one.
void append_chunk(std::string& out, std::string_view piece);
// Its next piece; an exception, which is logged, and more than there was room for are `broken`.
http_piece read_piece(http_source& from, std::span<char> into);

} // namespace causeway::net
