// SPDX-License-Identifier: Apache-2.0
#include "app/dead_letter_desk.h"

#include "tts/messages.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace causeway::app {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds patience{10'000};

} // namespace

std::uint64_t dead_letter_desk::open() {
  open_.emplace(++last_, entry{});
  return last_;
}

net::task<result<model::dead_letter_page>> dead_letter_desk::wait(std::uint64_t request) {
  auto& mine = open_.at(request); // stays in place until it is extracted below
  if (!mine.page) {
    mine.waiter = std::make_unique<asio::steady_timer>(loop_.executor(), patience);
    boost::system::error_code ignored; // cancelled by on_dead_letters: the entry tells
    co_await mine.waiter->async_wait(
        asio::redirect_error(asio::use_awaitable_t<asio::any_io_executor>{}, ignored));
  }
  auto node = open_.extract(request);
  if (!node.mapped().page) co_return error{errc::store_unavailable, "the disk has not answered"};
  co_return *std::move(node.mapped().page);
}

void dead_letter_desk::on_dead_letters(std::uint64_t request, result<model::dead_letter_page> page) {
  const auto found = open_.find(request);
  if (found == open_.end()) return; // who asked has lost patience
  found->second.page.emplace(std::move(page));
  if (found->second.waiter) found->second.waiter->cancel();
}

net::task<result<model::dead_letter_page>> dead_letter_desk::list(model::dead_letter_query query) {
  const auto request = open();
  store_->list_dead_letters(request, std::move(query));
  auto page = co_await wait(request);
  co_return page;
}

net::task<result<model::dead_letter>> dead_letter_desk::find(std::uint64_t id) {
  const auto request = open();
  store_->read_dead_letter(request, id);
  auto page = co_await wait(request);
  if (!page) co_return std::move(page).fault();
  if (page->letters.empty())
    co_return error{errc::not_found, "there is no dead letter " + std::to_string(id)};
  co_return std::move(page->letters.front());
}

net::task<result<model::answer>> dead_letter_desk::replay(std::uint64_t id) {
  auto letter = co_await find(id);
  if (!letter) co_return std::move(letter).fault();
  model::ticket which{};
  if (letter->is_event) {
    auto event = tts::parse_application_up(letter->content,
                                           {letter->from.application.str(), letter->from.device.str()});
    if (!event) co_return std::move(event).fault();
    which = desk_.open();
    shard_->replay(which, id, *std::move(event), loop_.now());
  } else {
    auto message = model::decode_message(letter->content);
    if (!message) co_return std::move(message).fault();
    which = desk_.open();
    shard_->replay(which, id, letter->from, *std::move(message), loop_.now());
  }
  const auto outcome = co_await desk_.wait(which, patience);
  co_return outcome;
}

net::task<result<std::vector<std::uint64_t>>> dead_letter_desk::drop(std::vector<std::uint64_t> ids) {
  const auto request = open();
  store_->drop_dead_letters(request, std::move(ids));
  auto page = co_await wait(request);
  if (!page) co_return std::move(page).fault();
  std::vector<std::uint64_t> gone;
  for (const auto& one : page->letters)
    gone.push_back(one.id);
  co_return gone;
}

} // namespace causeway::app
