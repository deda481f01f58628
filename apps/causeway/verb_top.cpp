// SPDX-License-Identifier: Apache-2.0
#include "causeway/verb_top.h"

#include "causeway/top_page.h"
#include "watch/printable.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace causeway {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::seconds interval{1}, patience{2};

volatile std::sig_atomic_t ending_signal = 0, asked_to_pause = 0;

// Signals come only while pause() waits, so that none comes between a look at the flags and the wait.
class signals {
public:
  signals() {
    sigset_t held;
    sigemptyset(&held);
    struct sigaction on {};
    on.sa_handler = [](int number) {
      if (number == SIGTSTP) asked_to_pause = 1;
      if (number != SIGTSTP && number != SIGWINCH) ending_signal = number;
    };
    for (const int one : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH}) {
      sigaddset(&held, one);
      ::sigaction(one, &on, nullptr);
    }
    ::sigprocmask(SIG_BLOCK, &held, &usual_);
  }
  // Until a key, a signal or the time. True: a key can be read, or the terminal is gone.
  bool pause(clock::duration most) const {
    pollfd keys{STDIN_FILENO, POLLIN, 0};
    const auto left =
        std::max(std::chrono::nanoseconds{0}, std::chrono::duration_cast<std::chrono::nanoseconds>(most));
    const timespec limit{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    return ::ppoll(&keys, 1, &limit, &usual_) > 0;
  }

private:
  sigset_t usual_{};
};

void put(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return; // nobody is there to be shown anything
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// The other screen, without echo and cursor, while it lives.
class full_screen {
public:
  full_screen() {
    ::tcgetattr(STDIN_FILENO, &before_);
    enter();
  }
  full_screen(const full_screen&) = delete;
  full_screen& operator=(const full_screen&) = delete;
  ~full_screen() { leave(); }

  // Until the shell lets it go on.
  void step_aside() const {
    leave();
    ::raise(SIGSTOP);
    enter();
  }

private:
  void enter() const {
    auto quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
    put("\x1b[?1049h\x1b[?25l");
  }
  void leave() const {
    put("\x1b[?25h\x1b[?1049l");
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }

  termios before_{};
};

result<top_sample> look(const admin_client& client) {
  const auto status = client.call("GET", "/api/status", patience);
  if (!status) return status.fault();
  auto read = read_object(*status);
  if (!read) return read.fault();
  const auto metrics = client.call("GET", "/metrics", patience);
  if (!metrics) return metrics.fault();
  const auto at = std::chrono::duration<double>(clock::now().time_since_epoch()).count();
  return make_top_sample(at, std::move(*read), *metrics);
}

int show_once(const admin_client& client) {
  const auto before = look(client);
  if (!before) return report("top", before.fault());
  std::this_thread::sleep_for(interval);
  const auto now = look(client);
  if (!now) return report("top", now.fault());
  for (const auto& line : make_top_page(&*before, *now))
    fmt::print("{}\n", line.text);
  return 0;
}

void draw(const std::vector<top_line>& page, bool coloured) {
  winsize size{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  const std::size_t columns = known ? size.ws_col : 80, rows = known ? size.ws_row : 24;
  // In one write, and wiped before: behind a row that is full the cursor would stand on its last column.
  std::string text = "\x1b[H\x1b[J";
  for (const char c : draw_top_page(page, columns, rows, coloured))
    text += c == '\n' ? std::string{"\r\n"} : std::string{c};
  put(text);
}

bool is_quit() {
  char key = 0;
  return ::read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q';
}

int show_until_told(const admin_client& client, top_sample now) {
  const char* no_colour = std::getenv("NO_COLOR");
  const bool coloured = no_colour == nullptr || *no_colour == '\0';
  const signals held;
  const full_screen screen;
  auto page = make_top_page(nullptr, now);
  page.front().text += "; q quits";
  auto next = clock::now() + interval;
  while (ending_signal == 0) {
    draw(page, coloured);
    if (held.pause(next - clock::now()) && is_quit()) return 0;
    if (asked_to_pause != 0) {
      asked_to_pause = 0;
      screen.step_aside();
    }
    if (clock::now() < next) continue;
    next = clock::now() + interval;
    auto seen = look(client);
    if (seen) {
      page = make_top_page(&now, *seen);
      page.front().text += "; q quits";
      now = std::move(*seen);
    } else {
      const auto why = watch::printable(seen.fault().message());
      if (page.front().is != top_line::tone::bad || !page.front().text.starts_with("no answer"))
        page.insert(page.begin(), top_line{});
      page.front() = {"no answer, what follows is old; q quits: " + why, top_line::tone::bad};
    }
  }
  return 128 + ending_signal;
}

} // namespace

int verb_top(const admin_address& where, bool once) {
  const auto client = admin_client::at(where);
  if (!client) return 2;
  const char* terminal = std::getenv("TERM");
  if (once || ::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0 || terminal == nullptr ||
      std::string_view{terminal} == "dumb")
    return show_once(*client);
  auto first = look(*client);
  if (!first) return report("top", first.fault());
  return show_until_told(*client, std::move(*first));
}

} // namespace causeway
