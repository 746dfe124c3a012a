// SPDX-License-Identifier: GPL-2.0-or-later
// The table of objects and commands: dispatch, help and shell completion are made from it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ofctl/client.hpp"
#include "ofctl/object_builder.hpp"
#include "ofctl/output.hpp"

namespace mo::ofctl {

/// Exit status of the program.
enum class Exit : int {
    ok = 0,
    usage = 1,  ///< the command line is wrong
    kernel = 2, ///< the kernel or the device refused, or there is no such thing
    partial = 3 ///< some of the objects could not be read
};

using Arguments = std::span<const std::string>;

struct Context {
    const Options& options;
    Client& client;
};

struct Verb {
    const char* object;
    const char* command;
    const char* arguments; ///< for help
    const char* text;      ///< one line
    std::size_t min_arguments;
    std::size_t max_arguments;
    Exit (*run)(Context& context, Arguments arguments);
    bool is_default = false; ///< runs when no command is given
};

/// Every verb, grouped by object.
[[nodiscard]] std::span<const Verb> verbs();

/// Finds the verb for `words` (object and command may be abbreviated to a unique beginning) and
/// runs it with the rest. Help and usage errors are answered here.
[[nodiscard]] Exit dispatch(Context& context, Arguments words);

/// Help for all objects, or for one.
[[nodiscard]] std::string help_text(std::string_view object = {});

/// A script that completes objects, commands and interface names in bash.
[[nodiscard]] std::string bash_completion();

/// The manual page, ofctl(8), in man(7) macros.
[[nodiscard]] std::string man_page();

/// Names of all objects, in the order of the table.
[[nodiscard]] std::vector<std::string> objects();
/// "ofctl OBJECT COMMAND ARGUMENTS".
[[nodiscard]] std::string usage_of(const Verb& verb);

/// Prints a list: JSON always, text when there is something to show.
void print(const Context& context, Json::Array items);

/// Prints "Error: ..." and the kernel's answer to standard error; returns Exit::kernel.
Exit report(const KernelError& error, const std::string& subject = {});
/// Prints "Error: ..." and how to get help; returns Exit::usage.
Exit usage_error(const std::string& text);

/// What "[IF] [KEYWORD N]" says.
struct NameAndNumber {
    const std::string* name = nullptr; ///< points into the arguments
    std::optional<std::uint32_t> number;
};
/// Reads "[IF] [`keyword` N]" in any order; the error's text says what is wrong.
Result<NameAndNumber> name_and_number(Arguments arguments, const std::string& keyword);

/// Ports, or the one named; reports an error and returns false when there is none.
bool find_ports(Context& context, const std::string* name, bool statistics,
                std::vector<Port>& ports, Exit& exit);
bool find_devices(Context& context, const std::string* name, std::vector<Device>& devices,
                  Exit& exit);

/// Prints what `read` makes of each port, or of the one that is named; what it cannot read is
/// reported, and the others are still shown (Exit::partial).
Exit show_ports(Context& context, const std::string* name, bool statistics,
                const std::function<Answer<Json>(const Port& port)>& read);
/// Prints what `describe` makes of each device, or of the one in `arguments`.
Exit show_devices(Context& context, Arguments arguments,
                  const std::function<Json(const Device& device)>& describe);
/// The beginning of an object's JSON: who it is (`key`), and the version of the keys.
[[nodiscard]] ObjectBuilder identified(const char* key, const std::string& name);

Exit dev_show(Context& context, Arguments arguments);
Exit port_show(Context& context, Arguments arguments);
Exit port_set(Context& context, Arguments arguments);
Exit lane_show(Context& context, Arguments arguments);
Exit module_show(Context& context, Arguments arguments);
Exit fw_show(Context& context, Arguments arguments);
Exit history_show(Context& context, Arguments arguments);
Exit monitor(Context& context, Arguments arguments);

} // namespace mo::ofctl
