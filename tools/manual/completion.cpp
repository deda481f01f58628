// SPDX-License-Identifier: Apache-2.0
#include "manual/manual_page.h"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace causeway::manual {
namespace {

struct word {
  std::string text, meaning;
};

// What may follow a command: its commands and flags, and the flags of those that it belongs to.
std::vector<word> words_of(const CLI::App& of) {
  std::vector<word> all;
  for (const auto* one : commands_of(of))
    all.push_back({one->get_name(), one->get_description()});
  for (const auto* at = &of; at != nullptr; at = at->get_parent()) {
    const bool is_program = at->get_parent() == nullptr;
    for (const auto* one : options_of(*at))
      for (const auto& flag : flags_of(*one))
        if (!is_program || at == &of || flag == "--help") all.push_back({flag, one->get_description()});
  }
  return all;
}

// A row a command: it, and what write makes of it.
template <class Write>
void rows(const CLI::App& of, const std::string& path, const Write& write, std::string& out) {
  out += write(of, path);
  for (const auto* one : commands_of(of))
    rows(*one, path + " " + one->get_name(), write, out);
}

std::string in_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text)
    out += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return out + "'";
}

std::string function_of(std::string program) {
  std::replace(program.begin(), program.end(), '-', '_');
  return "_" + program;
}

std::string commands_known(const CLI::App& program) {
  std::string out;
  rows(
      program, program.get_name(),
      [](const CLI::App& one, const std::string& path) {
        return one.get_parent() == nullptr ? std::string{} : "|" + in_quotes(path);
      },
      out);
  return out.empty() ? "''" : out.substr(1);
}

// The command that the words so far lead to is in $at then.
std::string walk(const CLI::App& program, const std::string& words) {
  return "  local at=" + program.get_name() + " word\n  for word in " + words +
         "; do\n    case \"$at $word\" in\n      " + commands_known(program) +
         ") at=\"$at $word\" ;;\n    esac\n  done\n";
}

} // namespace

std::string bash_completion(const CLI::App& program) {
  const auto& name = program.get_name();
  std::string out = "# Completion of " + name + " for bash, made from its command line.\n" +
                    function_of(name) + "() {\n  local current=${COMP_WORDS[COMP_CWORD]} words=''\n" +
                    walk(program, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"") + "  case $at in\n";
  rows(
      program, name,
      [](const CLI::App& one, const std::string& path) {
        std::string words;
        for (const auto& [text, meaning] : words_of(one))
          words += (words.empty() ? "" : " ") + text;
        return "    " + in_quotes(path) + ") words=" + in_quotes(words) + " ;;\n";
      },
      out);
  return out + "  esac\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n}\n" +
         "complete -o default -F " + function_of(name) + " " + name + "\n";
}

std::string zsh_completion(const CLI::App& program) {
  const auto& name = program.get_name();
  std::string out = "#compdef " + name + "\n# Completion of " + name +
                    " for zsh, made from its command line.\n" + function_of(name) +
                    "() {\n  local -a choices\n" + walk(program, "\"${(@)words[2,CURRENT-1]}\"") +
                    "  case $at in\n";
  rows(
      program, name,
      [](const CLI::App& one, const std::string& path) {
        std::string words;
        for (const auto& [text, meaning] : words_of(one)) {
          auto shown = meaning;
          for (std::size_t at = 0; (at = shown.find(':', at)) != std::string::npos; at += 2)
            shown.insert(at, "\\");
          words.append(" ").append(in_quotes(std::string{text}.append(":").append(shown)));
        }
        return "    " + in_quotes(path) + ") choices=(" + words + " ) ;;\n";
      },
      out);
  return out + "  esac\n  _describe -o " + name + " choices\n  _files\n}\n" + function_of(name) + " \"$@\"\n";
}

} // namespace causeway::manual
