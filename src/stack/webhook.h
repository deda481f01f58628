// SPDX-License-Identifier: Apache-2.0
// The Things Stack's webhooks: POST /webhook/{application_id} and anything behind it (webhook_path.h;
// things-stack-wire.md B.2, product rules in docs/things-stack.md). Answers 200 only for what is on disk or
// is not to be sent. Loop's thread only.
#pragma once

#include "base/secret.h"
#include "base/token_bucket.h"
#include "model/door.h"
#include "model/stack_totals.h"
#include "net/http_server.h"
#include "stack/answer_desk.h"
#include "stack/log_in_book.h"
#include "stack/log_in_guard.h"
#include "stack/webhook_path.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace causeway::stack {

struct webhook_application {
  application_id id;
  webhook_credential credential;
};

using model::webhook_totals;

// Who wants to know when events may be missing.
class webhook_watcher {
public:
  virtual ~webhook_watcher() = default;
  // An event of this application, shown by its credential, was not taken, for no fault of its own. since:
  // when the stack had received it, as far as that is known.
  virtual void on_turned_away(const application_id& application, wall_time since) = 0;
  // Somebody was turned away before it was known who: since then events of any application may be missing.
  virtual void on_turned_away_unread(wall_time since) = 0;
};

class webhook {
public:
  // key: of log_in_book.
  webhook(std::vector<webhook_application> applications, model::door& to, answer_desk& desk,
          const clock& time, std::string key);

  // What probers are told at / and /readyz, who have no log-in: 200, or 503 with the fault's name.
  void tell_probers(std::function<std::optional<errc>()> not_ready) { not_ready_ = std::move(not_ready); }

  // Before the first request; whom must live as long.
  void tell(webhook_watcher& whom) { watcher_ = &whom; }
  // When a request's header is whole: nothing for one that handle() is to have, with the application noted in
  // it. Path, method, credential and the content's type are judged here, so that nobody without a credential
  // gets a body read. The answer to a wrong log-in is held for a while, to a right one never.
  std::optional<net::http_turned_away> admit(net::http_request& head);
  // Judges a request first that admit() has not let in.
  net::task<net::http_response> handle(net::http_request request);
  // For requests that never became one: bad HTTP, too large, too slow.
  net::http_response refuse(int status);
  // For who was turned away without an answer: no place among the connections, a refused HTTP/2 stream. head:
  // as admit() has left it; null where no header had come.
  void on_turned_away(const net::http_request* head);
  const webhook_totals& totals() const { return totals_; }

private:
  class turn;
  struct event_passed_on {
    model::ticket ticket{};
    application_id application;
  };

  // To the core; of the request only what a refusal shows is left. Errors: as tts::parse_application_up.
  result<event_passed_on> pass_on(net::http_request& request, turn& of);
  net::http_response answer_to(const event_passed_on& event, model::answer outcome,
                               const net::http_request& request);
  result<std::size_t> judge(const net::http_request& head);
  net::http_response refused(const error& why, const net::http_request& request);
  void note_refusal(const error& why, std::string_view path, std::string_view peer);
  std::optional<net::http_response> answer_prober(const net::http_request& head) const;
  void note_needless_path(const webhook_path& path, const model::event& event);
  // Of the sender: the number of its application.
  result<std::size_t> identify(const net::http_request& request, const std::string& application);

  std::vector<webhook_application> applications_;
  log_in_book book_;
  std::function<std::optional<errc>()> not_ready_;
  std::unordered_map<std::string, std::size_t> by_id_;
  model::door& door_;
  answer_desk& desk_;
  const clock& clock_;
  log_in_guard guard_;
  token_bucket log_budget_; // who floods the webhook does not flood the log
  std::uint64_t unlogged_ = 0;
  std::set<std::string> told_of_path_; // applications
  webhook_totals totals_;
  webhook_watcher* watcher_ = nullptr;
};

} // namespace causeway::stack
