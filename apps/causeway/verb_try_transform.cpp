// SPDX-License-Identifier: Apache-2.0
#include "causeway/verb_try_transform.h"

#include "app/randomness.h"
#include "app/transforms.h"
#include "app/trial.h"
#include "base/log.h"
#include "causeway/admin_client.h"
#include "causeway/load_configuration.h"
#include "tts/messages.h"
#include "watch/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

namespace causeway {
namespace {

constexpr std::size_t longest_sample = 16 * 1024 * 1024;

std::string read_all(std::istream& in) {
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  return text.size() > longest_sample ? std::string{} : text;
}

result<std::string> read_sample(const std::string& name) {
  if (name == "-") return read_all(std::cin);
  std::ifstream file{name, std::ios::binary};
  if (!file) return error{errc::json_malformed, name + " cannot be read"};
  return read_all(file);
}

// A webhook's field mask may leave the ids to the path: then the application is the one that was asked for.
result<model::event> read_event(const std::string& text, const std::string& application) {
  auto event = tts::parse_application_up(text, {});
  if (!event && event.fault().code() == errc::identifiers_missing && !application.empty())
    event = tts::parse_application_up(text, {application, ""});
  if (!event && event.fault().code() == errc::identifiers_missing && !application.empty())
    event = tts::parse_application_up(text, {application, "sample-device"});
  if (event && !application.empty()) event->from.application = application_id{application};
  return event;
}

struct trying {
  net::loop loop;
  net::task_group tasks{loop};
  app::randomness random;
  app::trial outcome;
};

net::task<> try_it(trying* self, const config::configuration* settings, model::event event) {
  app::trial_options options{app::transform_executable(), [self] { return self->random.bits(); },
                             self->loop.now()};
  self->outcome = co_await app::try_event(&self->loop, settings, std::move(event), std::move(options));
  self->loop.stop();
}

} // namespace

int verb_try_transform(const try_transform_options& options) {
  const auto settings = load_configuration(options.configuration);
  if (!settings) return 2;
  const auto text = read_sample(options.sample);
  if (!text) return report("try-transform", text.fault());
  auto event = read_event(*text, options.application);
  if (!event) return report("try-transform", event.fault());
  const auto& application = event->from.application;
  if (std::none_of(settings->applications.begin(), settings->applications.end(),
                   [&](const auto& one) { return one.id == application; })) {
    std::cerr << "causeway try-transform: " << options.configuration << " has no [[application]] "
              << application.str() << "; --application names another\n";
    return 2;
  }
  log::start(log::level::off, settings->log.format);
  trying self;
  self.tasks.spawn("try-transform", net::restart_policy::never,
                   [&] { return try_it(&self, &*settings, std::move(*event)); });
  self.loop.run();
  log::stop();
  const auto& outcome = self.outcome;
  fmt::print("{}", options.json ? watch::printable_json(app::format_trial_json(outcome)) + "\n"
                                : watch::printable_lines(app::format_trial(outcome)));
  const bool well = outcome.outcome == model::answer::stored || outcome.outcome == model::answer::control ||
                    outcome.outcome == model::answer::unwanted;
  return well ? 0 : 1;
}

} // namespace causeway
