// SPDX-License-Identifier: Apache-2.0
// From a program's own commands and options: its manual page (man(7)), and what shells complete.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace causeway::manual {

struct page_facts {
  std::string version, date; // of the page's foot
  std::string text;          // man(7): the sections behind the options
};
std::string manual_page(const CLI::App& program, const page_facts& with);
std::string bash_completion(const CLI::App& program);
std::string zsh_completion(const CLI::App& program);

// What all of these walk: a command's own options and positionals, those of its groups too, without --help
// where all have it; and its commands.
std::vector<const CLI::Option*> options_of(const CLI::App& of);
std::vector<const CLI::App*> commands_of(const CLI::App& of);
// "-c,--config": both with their dashes.
std::vector<std::string> flags_of(const CLI::Option& of);

} // namespace causeway::manual
