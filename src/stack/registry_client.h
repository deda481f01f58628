// SPDX-License-Identifier: Apache-2.0
// The Things Stack's registry: lists the devices of each application that has an API key, page by page to the
// end, several applications at once, and looks up single devices. Pages follow one another at once; only the
// registry's own rate-limit headers slow them down (things-stack-wire.md E). Implements the core's registry.
// What has changed since is registry_follower's. Loop's thread only.
#pragma once

#include "base/backoff.h"
#include "base/service_clocks.h"
#include "model/registry.h"
#include "model/stack_totals.h"
#include "net/http_client.h"
#include "net/task_group.h"
#include "net/wake_up.h"
#include "stack/stack_call.h"
#include "tts/registry_page.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace causeway::stack {

struct registry_options {
  std::string base_url;                // "https://host[:port]", without a slash at the end
  std::string ca_file;                 // empty: the system's
  std::uint32_t page_size = 1'000;     // the registry's maximum
  std::size_t requests_at_once = 4;    // of listings; look-ups have as many again
  std::size_t max_look_ups = 10'000;   // that wait; further ones end at once with registry_unavailable
  std::size_t max_devices = 1'000'000; // of one application: a longer list does not end
  std::size_t max_answer = 16 * 1024 * 1024;
  std::chrono::milliseconds time_out{30'000};
  std::chrono::nanoseconds list_again{0}; // after a whole listing; 0: never
  service_clocks* clocks = nullptr;       // hear of each answer's Date
  backoff_policy unavailable{milliseconds{1'000}, milliseconds{300'000}, 2.0,
                             0.25};                                                 // and what cannot be read
  backoff_policy refused{milliseconds{60'000}, milliseconds{3'600'000}, 2.0, 0.25}; // an operator must act
};

using model::registry_totals;

class registry_client final : public model::registry {
public:
  // core must live as long. random: uniform in [0, 1).
  registry_client(net::loop& on, net::task_group& tasks, model::registry_events& core,
                  registry_options options, std::vector<stack_application> applications,
                  std::function<double()> random);
  ~registry_client() override;
  // Told of each whole listing, before the core is. as_of: by the stack's clock, where it says; all that was
  // there then is in it, or was named meanwhile.
  using listing_watch = std::function<void(const application_id& application, wall_time as_of)>;
  void tell(listing_watch watch) { on_whole_ = std::move(watch); }
  // Begins to list.
  void start();
  // All anew, as soon as the listing that is under way has ended.
  void list_soon(const application_id& id);

  // Of an application without an API key: registry_unauthorized.
  void look_up(device_ref device, const model::device_key& key) override;
  const std::map<application_id, registry_totals>& totals() const { return totals_; }

  // The following are for who follows the registry. Of an application without an API key:
  // registry_unauthorized.
  // One page, from 1, of what has changed at this time or later. Nothing: the stack has no such route, as
  // before 3.32.
  struct change_page {
    tts::registry_page devices;
    wall_time as_of{}; // by the stack's clock, where it says
  };
  net::task<result<std::optional<change_page>>> changes(application_id id, wall_time since,
                                                        std::uint64_t page);
  // device_unlisted: it has no such device.
  net::task<result<model::registered_device>> get(model::device_key key);
  // To the core, a few at a time.
  net::task<> report(application_id id, std::vector<tts::listed_device> devices);
  // What the stack says it takes of one kind of request in a minute; nothing: it has not said.
  enum class method : std::uint8_t { list, changes, get };
  std::optional<std::uint64_t> a_minute(const application_id& id, method of) const;
  registry_totals& count(const application_id& id) { return totals_[id]; }

private:
  struct application;
  struct listing;
  struct place;
  struct question {
    device_ref device{};
    model::device_key key;
  };

  net::task<result<net::http_answer>> send(application* of, method what, net::http_call call);
  net::task<result<net::http_answer>> ask(application* of, method what, std::string path_and_query);
  error refusal(application& of, method what, const net::http_answer& answered);
  net::task<result<net::http_answer>> ask_for_page(application* of, std::uint64_t page);
  net::task<> list(application* of);
  net::task<> list_whole(application* of, listing* work);
  net::task<result<void>> list_once(application* of, listing* work);
  net::task<result<bool>> take_page(application* of, listing* work);
  net::task<> answer_questions(net::wake_up* bell);
  net::task<bool> enter();
  void leave();
  application* find(const application_id& id) const;
  void note_attribute(application& of, const tts::listed_device& device);

  net::loop& loop_;
  net::task_group& tasks_;
  model::registry_events& core_;
  registry_options options_;
  std::function<double()> random_;
  listing_watch on_whole_;
  net::http_client client_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(); // for what is posted
  std::vector<std::unique_ptr<application>> applications_;
  std::map<application_id, registry_totals> totals_;

  std::size_t entered_ = 0; // listings' requests under way
  std::deque<std::shared_ptr<net::wake_up>> at_the_gate_;

  std::deque<question> questions_;
  std::vector<std::unique_ptr<net::wake_up>> bells_; // of the look-up tasks
  std::vector<net::wake_up*> idle_;
};

} // namespace causeway::stack
