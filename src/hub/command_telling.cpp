// SPDX-License-Identifier: Apache-2.0
#include "hub/command_telling.h"

#include "base/log.h"
#include "hub/fleet.h"

#include <string>
#include <utility>

namespace causeway::hub {
namespace {

class teller {
public:
  teller(fleet_context& context, const fleet& of, log_limiter& limiter, moment now)
      : context_{context},
        of_{of},
        twins_{context.twins.at(of.where().name.str())},
        limiter_{limiter},
        now_{now} {}

  void operator()(c2d_given& what) {
    if (finds(what.device)) context_.commands.on_c2d(what.device, std::move(what.what), now_);
  }
  void operator()(method_called& what) {
    if (finds(what.device)) context_.commands.on_method(what.device, std::move(what.what), now_);
  }
  void operator()(const twin_linked& what) {
    if (!finds(what.device)) return;
    twins_.subscribe(what.device);
    context_.stir_twins();
  }
  void operator()(twin_changed& what) {
    if (finds(what.device)) context_.commands.on_twin_changed(what.device, std::move(what.patch), now_);
  }
  void operator()(twin_answered& what) {
    if (!what.outcome) twins_.on_refused(what.what, what.outcome.fault(), what.asked, now_.mono);
    if (!finds(what.device)) return;
    switch (what.what) {
    case twin_request::subscribe:
      if (!what.outcome) return;  // its links are gone, which is told
      twins_.forget(what.device); // what was asked before
      return context_.commands.on_twin_open(what.device, now_);
    case twin_request::read:
      return context_.commands.on_twin_read(what.device, std::move(what.outcome), now_);
    case twin_request::report:
      auto outcome = what.outcome ? result<void>{} : result<void>{std::move(what.outcome).fault()};
      return context_.commands.on_twin_reported(what.device, std::move(outcome), now_);
    }
  }
  void operator()(const command_trouble& what) {
    const auto* const who = finds(what.device);
    const auto more = who == nullptr ? std::nullopt : limiter_.admit(what.why.code(), now_.mono);
    if (!more) return;
    const auto& hub = of_.where().address.host;
    if (what.pause)
      log::warning("command_link_lost", {{"hub", hub},
                                         {"identity", who->identity},
                                         {"link", what.of},
                                         {"error", what.why.name()},
                                         {"detail", what.why.detail()},
                                         {"next_try_ms", what.pause->count()},
                                         {"more", *more}});
    else
      log::warning("command_malformed", {{"hub", hub},
                                         {"identity", who->identity},
                                         {"link", what.of},
                                         {"error", what.why.name()},
                                         {"detail", what.why.detail()},
                                         {"more", *more}});
  }

private:
  // The owner may have thought again when it heard of another one.
  const member* finds(device_ref device) const {
    const auto* const who = context_.devices.find(device);
    const bool is_here = who != nullptr && who->hub == &of_ && who->at == member::stage::attached;
    return is_here ? who : nullptr;
  }

  fleet_context& context_;
  const fleet& of_;
  twin_turns& twins_;
  log_limiter& limiter_;
  moment now_;
};

} // namespace

void tell_commands(fleet_context& context, const fleet& of, std::vector<command_news> news,
                   log_limiter& limiter, moment now) {
  if (news.empty()) return;
  teller each{context, of, limiter, now};
  for (auto& next : news)
    std::visit(each, next);
}

} // namespace causeway::hub
