// SPDX-License-Identifier: Apache-2.0
#include "stack/webhook.h"

#include "base/check.h"
#include "base/encoding.h"
#include "base/excerpt.h"
#include "base/log.h"
#include "stack/webhook_path.h"
#include "tts/messages.h"

#include <algorithm>
#include <utility>

namespace causeway::stack {
namespace {

// The stack gives up after 5 s (things-stack-wire.md B.4); an answer that comes later is of no use to it.
constexpr std::chrono::milliseconds patience{10'000};
constexpr std::size_t longest_path_shown = 200;
// So old is, at most, what the stack was about to post: then it gives up.
constexpr std::chrono::seconds under_way{5};
// The stack's paid tries of one event go over 72 minutes; an older time is not what a refused post is about.
constexpr std::chrono::hours longest_repeated{2};

int status_of(errc code) {
  switch (code) {
  case errc::unauthorized:
    return 401;
  case errc::application_unknown:
  case errc::not_found:
    return 404;
  case errc::method_not_allowed:
    return 405;
  case errc::body_too_large:
    return 413;
  case errc::media_type_unsupported:
  case errc::content_encoding_unsupported:
    return 415;
  case errc::header_too_large:
    return 431;
  case errc::too_many_log_ins:
    return 429;
  case errc::request_memory_spent:
  case errc::spool_full:
  case errc::spool_share_full:
  case errc::devices_full:
  case errc::device_share_full:
  case errc::store_unavailable:
  case errc::transform_busy:
  case errc::stopped:
    return 503;
  default:
    return 400;
  }
}

net::http_response body_of(const error& why) {
  net::http_response response;
  response.status = status_of(why.code());
  response.body =
      "{\"error\":" + json_quoted(why.name()) + ",\"message\":" + json_quoted(why.message()) + "}";
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"causeway\"");
  if (response.status == 503) response.headers.emplace_back("Retry-After", "5");
  if (response.status == 429) response.headers.emplace_back("Retry-After", "3");
  if (response.status == 405) response.headers.emplace_back("Allow", "POST");
  return response;
}

// The Console shows the sender's operator this answer, so it says what to set there.
error with_way_out(const error& why, std::string_view application) {
  if (why.code() != errc::identifiers_missing) return why;
  return error{why.code(), why.detail() + "; " + way_to_name_devices(application)};
}

bool is_json(std::string_view content_type) {
  const auto media_type = content_type.substr(0, content_type.find(';'));
  const auto last = media_type.find_last_not_of(" \t");
  return equals_ignoring_case(media_type.substr(0, last == std::string_view::npos ? 0 : last + 1),
                              "application/json");
}

} // namespace

webhook::webhook(std::vector<webhook_application> applications, model::door& to, answer_desk& desk,
                 const clock& time, std::string key)
    : applications_{std::move(applications)},
      book_{std::move(key)},
      door_{to},
      desk_{desk},
      clock_{time},
      log_budget_{10.0, 100.0, time.now().mono} {
  for (std::size_t i = 0; i < applications_.size(); ++i) {
    by_id_.emplace(applications_[i].id.str(), i);
    book_.add(i, applications_[i].credential);
  }
}

result<std::size_t> webhook::identify(const net::http_request& request, const std::string& application) {
  const auto found = by_id_.find(application);
  const auto whose = found == by_id_.end() ? std::nullopt : std::optional{found->second};
  const auto shown = book_.judge(request, whose);
  if (shown.of_application) return *whose;
  // Only who holds a credential of this gateway learns which applications it does not have.
  if (!whose && shown.of_any)
    return error{errc::application_unknown,
                 "\"" + application + "\" has no [[application]] that takes webhooks"};
  if (!guard_.wrong_log_in(request.peer, clock_.now().mono))
    return error{errc::too_many_log_ins, request.peer};
  return error{errc::unauthorized, "application \"" + application + "\""};
}

// A balancer that tries a backend, most at "/".
std::optional<net::http_response> webhook::answer_prober(const net::http_request& head) const {
  const bool asks = head.method == "GET" || head.method == "HEAD";
  if (!asks || (head.path() != "/" && head.path() != "/readyz")) return std::nullopt;
  net::http_response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "ready\n";
  const auto why = not_ready_ ? not_ready_() : std::nullopt;
  if (why) {
    response.status = 503;
    response.body = "not ready: " + std::string{describe(*why).name} + "\n";
  }
  return response;
}

net::http_response webhook::refused(const error& why, const net::http_request& request) {
  note_refusal(why, request.path(), request.peer);
  return body_of(why);
}

void webhook::note_refusal(const error& why, std::string_view path, std::string_view peer) {
  ++totals_.refused[why.code()];
  if (!log_budget_.take(clock_.now().mono)) {
    ++unlogged_;
    return;
  }
  log::warning("webhook_refused", {{"error", why.name()},
                                   {"detail", why.detail()},
                                   {"path", path},
                                   {"peer", peer},
                                   {"unlogged", std::exchange(unlogged_, 0)}});
}

void webhook::note_needless_path(const webhook_path& path, const model::event& event) {
  ++totals_.needless_paths;
  if (!told_of_path_.insert(path.application).second) return;
  log::info("webhook_path_ignored",
            {{"application", path.application},
             {"path", excerpt(path.more, longest_path_shown)},
             {"device", event.from.device},
             {"detail", "the body names the device; nothing is needed behind the application"}});
}

net::http_response webhook::refuse(int status) {
  const auto why = [status] {
    switch (status) {
    case 400:
      return error{errc::http_protocol, "HTTP/1.1 (RFC 9112) is spoken here, and over TLS HTTP/2"};
    case 408:
      return error{errc::http_protocol, "the request did not come in time"};
    case 413:
      return error{errc::body_too_large};
    case 415:
      return error{errc::content_encoding_unsupported};
    case 431:
      return error{errc::header_too_large};
    case 503:
      return error{errc::request_memory_spent};
    case 501:
      return error{errc::http_protocol, "of transfer codings only chunked is known"};
    default:
      return error{errc::http_protocol};
    }
  }();
  auto response = body_of(why);
  response.status = status;
  note_refusal(why, "", ""); // there is no request to take them from
  ++totals_.by_status[status];
  return response;
}

std::optional<net::http_turned_away> webhook::admit(net::http_request& head) {
  if (auto probed = answer_prober(head)) return net::http_turned_away{std::move(*probed)};
  const auto admitted = judge(head);
  if (admitted) {
    head.admitted = *admitted;
    return std::nullopt;
  }
  auto response = refused(admitted.fault(), head);
  ++totals_.by_status[response.status];
  const bool wrong = response.status == 401 || response.status == 429;
  const auto held = wrong ? guard_.hold(clock_.now().mono) : milliseconds{0};
  return net::http_turned_away{std::move(response), held};
}

result<std::size_t> webhook::judge(const net::http_request& head) {
  const auto ids = read_path(head.path());
  if (!ids) return error{errc::not_found, "post to /webhook/{application_id}"};
  if (head.method != "POST") return error{errc::method_not_allowed, head.method};
  auto application = identify(head, ids->application);
  if (!application || is_json(head.header("Content-Type"))) return application;
  const auto sent = head.header("Content-Type");
  const bool protobuf = sent == "application/octet-stream";
  return error{errc::media_type_unsupported,
               protobuf ? "set the webhook's format to JSON; protocol buffers are not read"
                        : "\"" + std::string{sent} + "\""};
}

// Of an authenticated sender. Whatever way its request ends, but for an answer of its own making, the watcher
// hears of it.
class webhook::turn {
public:
  turn(webhook& of, wall_time begun) : webhook_{of}, since_{begun} {}
  ~turn() {
    if (sender_ != nullptr && webhook_.watcher_ != nullptr)
      webhook_.watcher_->on_turned_away(sender_->id, since_);
  }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;

  void is_of(const webhook_application& sender) { sender_ = &sender; }
  // A repetition by the stack comes long after the event.
  void is_about(const model::event& event) {
    const auto received = parse_rfc3339(event.received_at);
    if (received) since_ = std::min(since_, std::max(*received, since_ - longest_repeated));
  }
  void on_answered(int status) {
    if (status < 500) sender_ = nullptr;
  }

private:
  webhook& webhook_;
  wall_time since_;
  const webhook_application* sender_ = nullptr;
};

void webhook::on_turned_away(const net::http_request* head) {
  if (watcher_ == nullptr) return;
  const auto since = clock_.now().wall - under_way;
  if (head == nullptr) return watcher_->on_turned_away_unread(since);
  if (head->admitted) watcher_->on_turned_away(applications_[*head->admitted].id, since);
}

net::task<net::http_response> webhook::handle(net::http_request request) {
  if (!request.admitted) {
    auto away = admit(request);
    if (away) co_return std::move(away->answer);
  }
  turn here{*this, clock_.now().wall};
  here.is_of(applications_[*request.admitted]);
  const auto waiting = pass_on(request, here);
  net::http_response response;
  if (waiting) {
    const auto outcome = co_await desk_.wait(waiting->ticket, patience);
    response = answer_to(*waiting, outcome, request);
  } else {
    response = refused(waiting.fault(), request);
  }
  here.on_answered(response.status);
  ++totals_.by_status[response.status];
  co_return response;
}

result<webhook::event_passed_on> webhook::pass_on(net::http_request& request, turn& of) {
  const auto ids = read_path(request.path());
  CAUSEWAY_CHECK(ids); // it was admitted
  auto event = tts::parse_application_up(request.body, {ids->application, ids->device});
  if (!event) return with_way_out(event.fault(), ids->application);
  of.is_about(*event);
  // While the disk is waited for the event is enough.
  request.body = {};
  request.headers = {};
  if (is_needless(*ids, event->from.device.str())) note_needless_path(*ids, *event);
  event_passed_on made{desk_.open(), event->from.application};
  door_.on_event(made.ticket, std::move(*event), clock_.now());
  return made;
}

net::http_response webhook::answer_to(const event_passed_on& event, model::answer outcome,
                                      const net::http_request& request) {
  // No answer in time: of two things that it may wait for one is the transform.
  if (outcome == model::answer::unavailable && door_.is_formatting(event.ticket))
    outcome = model::answer::transform_busy;
  const auto& application = event.application.str();
  switch (outcome) {
  case model::answer::full:
    return refused(error{errc::spool_full}, request);
  case model::answer::share_full:
    return refused(error{errc::spool_share_full, application}, request);
  case model::answer::devices_full:
    return refused(error{errc::devices_full, "causeway devices forget makes room"}, request);
  case model::answer::device_share_full:
    return refused(error{errc::device_share_full, application + "; causeway devices forget makes room"},
                   request);
  case model::answer::transform_busy:
    return refused(error{errc::transform_busy, application}, request);
  case model::answer::unavailable:
    return refused(error{errc::store_unavailable}, request);
  default:
    break;
  }
  net::http_response response;
  response.body = "{\"outcome\":\"" + std::string{model::to_string(outcome)} + "\"}";
  return response;
}

} // namespace causeway::stack
