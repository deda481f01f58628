// SPDX-License-Identifier: Apache-2.0
// The floor (docs/benchmarks.md): what is unavoidable on an uplink's way from the webhook by the disk to the
// hub, and nothing else. This thread does all but the disk. Nothing that was answered with 200 is lost while
// it runs: a fault ends it.
#pragma once

#include "causeway_bench/floor_http.h"
#include "causeway_bench/floor_hub.h"
#include "causeway_bench/floor_settings.h"
#include "causeway_bench/floor_socket.h"
#include "causeway_bench/floor_spool.h"

#include <memory>
#include <optional>
#include <unordered_map>

namespace causeway::bench {

class floor_program {
public:
  // Connects to the hub. Throws std::runtime_error.
  explicit floor_program(floor_settings settings);
  ~floor_program();
  floor_program(const floor_program&) = delete;
  floor_program& operator=(const floor_program&) = delete;

  // Until it is killed. Throws std::runtime_error.
  [[noreturn]] void run();

private:
  // A client of the webhook, or of what the bench asks.
  struct client {
    floor_socket socket;
    floor_request_reader reader;
    bool of_admin = false;
    bool busy = false; // an answer is owed
    bool last = false;
    std::uint64_t serial = 0;
  };
  struct hub_line {
    floor_socket socket;
    floor_hub amqp;
    std::vector<std::uint32_t> devices; // of devices_, by place
    bool is_touched = true;
  };
  struct message {
    floor_row row;
    std::uint32_t device = 0;
    int client = 0; // its file
    std::uint64_t serial = 0;
  };
  struct device {
    std::uint32_t line = 0, place = 0;
    bool is_sending = false;
    std::deque<std::unique_ptr<message>> durable; // the first one is sent, then erased
  };
  struct application {
    std::string target; // of its posts
    std::string authorization;
    std::unordered_map<std::string_view, std::uint32_t> devices; // names of settings_
  };

  void add_application(const floor_application& what, ssl_ctx_st* tls);
  int listen(std::uint16_t port);
  void watch(int file, std::uint32_t events);
  void turn();
  void on_file(int file, std::uint32_t happened);
  void accept_from(int listener, bool of_admin);
  void on_client(client& from, std::uint32_t happened);
  void read_requests(client& from);
  void take(client& from, const floor_request& request);
  void take_uplink(client& from, const floor_request& request);
  void answer(client& to, int status, std::string_view body);
  void drop(int file);
  void on_hub(hub_line& line, std::uint32_t happened);
  void on_durable();
  void send_next(device& who);
  void hand_over();
  void write_out();
  std::string metrics();
  bool is_ready() const;

  floor_settings settings_;
  std::shared_ptr<ssl_ctx_st> client_tls_, server_tls_;
  struct { // its own files
    int epoll = -1, bell = -1, webhook = -1, admin = -1;
  } files_;
  std::unordered_map<int, std::unique_ptr<client>> clients_; // by file
  std::unordered_map<int, std::uint32_t> line_by_file_;
  std::vector<std::unique_ptr<hub_line>> lines_;
  std::vector<application> applications_;
  std::deque<device> devices_;
  std::deque<std::unique_ptr<message>> not_durable_;
  std::vector<const floor_row*> fresh_;
  std::vector<std::uint64_t> done_;
  std::optional<mono_time> done_since_;
  mono_time next_tick_{};
  std::uint64_t next_seq_ = 1, next_serial_ = 1;
  std::string bytes_;
  floor_stages stages_;
  std::unique_ptr<floor_spool> spool_; // the last: its thread reads what is above
};

} // namespace causeway::bench
