// SPDX-License-Identifier: GPL-2.0-or-later
// The table of objects and commands: dispatch, help and shell completion are made from it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ofctl/client.hpp"
#include "ofctl/object_builder.hpp"
#include "ofctl/output.hpp"

namespace mo::ofctl {

/// Exit status of the program.
enum class Exit : std::uint8_t {
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

/// A word that a verb takes behind the name of what it is about.
struct Keyword {
    const char* word;
    const char* value = nullptr; ///< what has to follow, for help; null: the word says all
    const char* sets = nullptr;  ///< what it is about when other words are, too; null: itself
    bool listed = true;          ///< help shows it
};

/// The words of a command line that a verb's row of the table asks for; they point into it.
class Words {
  public:
    Words() = default;
    /// Precondition: no two of `given` set the same.
    struct Given {
        const Keyword* keyword;
        const std::string* value; ///< what follows, or the word itself
    };
    Words(const std::string* name, std::vector<Given> given)
        : name_(name), given_(std::move(given)) {}

    /// Interface or device; null: none was named.
    [[nodiscard]] const std::string* name() const { return name_; }
    /// The value for what `sets` names; null: it was not given.
    [[nodiscard]] const std::string* find(std::string_view sets) const;
    /// The same as a number; the error's text says that it is none.
    [[nodiscard]] Result<std::optional<std::uint32_t>> number(std::string_view sets) const;
    [[nodiscard]] std::span<const Given> given() const { return given_; }

  private:
    const std::string* name_ = nullptr;
    std::vector<Given> given_;
};

struct Verb {
    const char* object;
    const char* command;
    const char* text; ///< one line
    const char* name; ///< what may be named first: "IF", "DEV"; null: nothing
    bool needs_name;  ///< and something behind it
    std::span<const Keyword> keywords;
    Exit (*run)(Context& context, const Words& words);
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
/// "IF [up|down] [lanes N]": what a verb takes.
[[nodiscard]] std::string arguments_of(const Verb& verb);
/// "ofctl OBJECT COMMAND ARGUMENTS".
[[nodiscard]] std::string usage_of(const Verb& verb);

/// Prints a list: JSON always, text when there is something to show.
void print(const Context& context, Json::Array items);

/// Prints "Error: ..." and the kernel's answer to standard error; returns Exit::kernel.
Exit report(const KernelError& error, const std::string& subject = {});
/// Prints "Error: ..." and how to get help; returns Exit::usage.
Exit usage_error(const std::string& text);

/// What `arguments` say to `verb`. The error's text says what is wrong: a word that it does not
/// know, one without its value, one too few, or two that set the same.
[[nodiscard]] Result<Words> read_words(const Verb& verb, Arguments arguments);

/// Ports, or the one named; reports an error and returns false when there is none.
bool find_ports(Context& context, const std::string* name, bool statistics,
                std::vector<Port>& ports, Exit& exit);
bool find_devices(Context& context, const std::string* name, std::vector<Device>& devices,
                  Exit& exit);

/// Prints what `read` makes of each port, or of the one that is named; what it cannot read is
/// reported, and the others are still shown (Exit::partial).
Exit show_ports(Context& context, const std::string* name, bool statistics,
                const std::function<Answer<Json>(const Port& port)>& read);
/// Prints what `describe` makes of each device, or of the one that is named.
Exit show_devices(Context& context, const std::string* name,
                  const std::function<Json(const Device& device)>& describe);
/// The beginning of an object's JSON: who it is (`key`), and the version of the keys.
[[nodiscard]] ObjectBuilder identified(const char* key, const std::string& name);

Exit dev_show(Context& context, const Words& words);
Exit port_show(Context& context, const Words& words);
Exit port_set(Context& context, const Words& words);
Exit lane_show(Context& context, const Words& words);
Exit module_show(Context& context, const Words& words);
Exit fw_show(Context& context, const Words& words);
Exit history_show(Context& context, const Words& words);
Exit monitor(Context& context, const Words& words);

} // namespace mo::ofctl
