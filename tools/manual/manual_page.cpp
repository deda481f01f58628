// SPDX-License-Identifier: Apache-2.0
#include "manual/manual_page.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>

namespace causeway::manual {
namespace {

// Text as roff takes it: nothing in it is a request, and a hyphen may be copied and typed.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool begins_line = out.empty() || out.back() == '\n';
    if (begins_line && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

std::string capitals(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// CLI11 says "UINT:INT in [1 - 50]" and "TEXT:{hub,dps}".
std::string value_of(const CLI::Option& one) {
  auto type = one.get_type_name();
  std::string more;
  if (const auto colon = type.find(':'); colon != std::string::npos) {
    more = type.substr(colon + 1);
    type.resize(colon);
    if (const auto range = more.find('['); range != std::string::npos) more.erase(0, range);
  }
  if (type.empty()) type = "VALUE";
  if (one.get_expected_max() > 1) type += " ...";
  return "\\fI" + plain(type) + "\\fR" + (more.empty() ? "" : " " + plain(more));
}

std::string term(const CLI::Option& one) {
  if (one.get_positional()) return "\\fI" + plain(one.get_name(true)) + "\\fR";
  std::string out;
  for (const auto& flag : flags_of(one))
    out += (out.empty() ? "\\fB" : ", \\fB") + plain(flag) + "\\fR";
  return one.get_expected_max() == 0 ? out : out + " " + value_of(one);
}

std::string options_text(const CLI::App& of) {
  std::string out;
  for (const auto* one : options_of(of)) {
    auto text = one->get_description();
    if (!one->get_default_str().empty()) text += " (default: " + one->get_default_str() + ")";
    if (one->get_required() && !one->get_positional()) text += " (needed)";
    out += ".TP\n" + term(*one) + "\n" + plain(text) + "\n";
  }
  return out;
}

std::string usage(const CLI::App& of, const std::string& path) {
  std::string out = "\\fB" + plain(path) + "\\fR";
  const auto all = options_of(of);
  if (std::any_of(all.begin(), all.end(), [](const auto* one) { return !one->get_positional(); }))
    out += " [\\fIoptions\\fR]";
  if (!commands_of(of).empty())
    out += of.get_require_subcommand_min() == 0 ? " [\\fIcommand\\fR]" : " \\fIcommand\\fR";
  for (const auto* one : all)
    if (one->get_positional())
      out += (one->get_required() ? " \\fI" : " [\\fI") + plain(one->get_name(true)) +
             (one->get_expected_max() > 1 ? " ..." : "") + (one->get_required() ? "\\fR" : "\\fR]");
  return out;
}

void commands_text(const CLI::App& of, const std::string& path, std::string& out) {
  for (const auto* one : commands_of(of)) {
    const auto name = path + " " + one->get_name();
    out += ".SS " + plain(name) + "\n" + usage(*one, name) + "\n.PP\n" + plain(one->get_description()) +
           ".\n" + options_text(*one);
    commands_text(*one, name, out);
  }
}

} // namespace

std::string manual_page(const CLI::App& program, const page_facts& with) {
  const auto& name = program.get_name();
  auto about = program.get_description();
  if (about.ends_with('.')) about.pop_back();
  std::string out = ".TH " + capitals(plain(name)) + " 1 " + with.date + " \"causeway " + with.version +
                    "\" \"User Commands\"\n.SH NAME\n" + plain(name) + " \\- " + plain(about) +
                    "\n.SH SYNOPSIS\n" + usage(program, name) + "\n";
  out += ".SH OPTIONS\n" + options_text(program);
  if (!commands_of(program).empty()) {
    out += ".SH COMMANDS\n";
    commands_text(program, name, out);
  }
  return out + with.text;
}

std::vector<const CLI::Option*> options_of(const CLI::App& of) {
  auto all = of.get_options(
      [&of](const CLI::Option* one) { return one != of.get_help_ptr() || of.get_parent() == nullptr; });
  for (const auto* group : of.get_subcommands([](const CLI::App* one) { return one->get_name().empty(); })) {
    const auto more = options_of(*group);
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::vector<const CLI::App*> commands_of(const CLI::App& of) {
  return of.get_subcommands([](const CLI::App* one) { return !one->get_name().empty(); });
}

std::vector<std::string> flags_of(const CLI::Option& of) {
  std::vector<std::string> all;
  for (const auto& one : of.get_snames())
    all.push_back("-" + one);
  for (const auto& one : of.get_lnames())
    all.push_back("--" + one);
  return all;
}

} // namespace causeway::manual
