// SPDX-License-Identifier: Apache-2.0
#include "net/http2_streams.h"

#include <utility>

namespace causeway::net {

http2_streams::~http2_streams() {
  end_work(worked_on);
  let_go(held);
}

http2_stream& http2_streams::begin(stream_id id, std::size_t cost) {
  auto& made = streams[id];
  made.in = &coming;
  made.place = coming.insert(coming.end(), id);
  made.since = now;
  hold(made, cost);
  return made;
}

http2_stream* http2_streams::find(stream_id id) {
  const auto found = streams.find(id);
  return found == streams.end() ? nullptr : &found->second;
}

void http2_streams::forget(stream_id id) {
  const auto found = streams.find(id);
  auto& closed = found->second;
  if (closed.in == &working)
    orphaned.emplace(id, closed.held);
  else
    let_go(closed.held);
  end_source(closed);
  closed.in->erase(closed.place);
  streams.erase(found);
}

void http2_streams::forget_all() {
  while (!streams.empty())
    forget(streams.begin()->first);
}

bool http2_streams::answer_orphan(stream_id id) {
  const auto gone = orphaned.find(id);
  if (gone == orphaned.end()) return false;
  end_work(gone->second);
  let_go(gone->second);
  orphaned.erase(gone);
  return true;
}

void http2_streams::hold(http2_stream& s, std::size_t size) {
  budget->held = budget->held - s.held + size;
  held = held - s.held + size;
  s.held = size;
}

void http2_streams::move(http2_stream& s, id_list& to) {
  if (s.in == &working) end_work(s.held);
  if (&to == &working) begin_work(s.held);
  to.splice(to.end(), *s.in, s.place);
  s.in = &to;
  s.since = now;
}

void http2_streams::begin_source(http2_stream& s, std::unique_ptr<http_source> source) {
  s.source = std::move(source);
  ++sources;
}

void http2_streams::end_source(http2_stream& s) {
  if (std::exchange(s.source, nullptr)) --sources;
}

std::optional<mono_time> http2_streams::waiting_since() const {
  std::optional<mono_time> oldest;
  for (const auto* list : {&coming, &held_back, &unread, &over}) {
    if (list->empty()) continue;
    const auto since = streams.at(list->front()).since;
    if (!oldest || since < *oldest) oldest = since;
  }
  return oldest;
}

void http2_streams::let_go(std::size_t size) {
  budget->held -= size;
  held -= size;
}

void http2_streams::begin_work(std::size_t size) {
  budget->worked_on += size;
  worked_on += size;
}

void http2_streams::end_work(std::size_t size) {
  budget->worked_on -= size;
  worked_on -= size;
}

} // namespace causeway::net
