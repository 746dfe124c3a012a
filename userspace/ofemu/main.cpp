// SPDX-License-Identifier: GPL-2.0-or-later
// ofemu: the device model of Mesh Optical's NICs.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/hw.hpp"
#include "common/log.hpp"
#include "config.hpp"
#include "control/server.hpp"
#include "system.hpp"

namespace {

using namespace mo;

constexpr int exit_failure = 1, exit_usage = 2;

constexpr const char* usage_text = R"(Usage: ofemu [OPTION]... CONFIG
       ofemu ctl [--socket PATH] [--json] COMMAND [ARGUMENT]...

Emulates optical NICs and the fibres between them. Each NIC is served to one QEMU
(vfio-user-pci) or other vfio-user client at a time on its own socket.

CONFIG is a YAML file. "ready" is printed on standard output when all sockets listen.

Options:
      --config CONFIG  the same as the plain argument
  -c, --check     only check the configuration
      --bytes=always|lazy  instead of the configuration's "bytes": frames between
                  NICs carry all their bytes and checksums, or refer to memory
  -v, --verbose   log resets and the firmware's log too
  -h, --help      print this text
      --version   print the version of the hardware interface that is modelled
)";

struct Options {
    std::string config;
    bool check = false;
    bool verbose = false;
    std::optional<bool> bytes_always; ///< --bytes
};

int usage_error(const std::string& text) {
    std::fprintf(stderr, "ofemu: %s\nTry 'ofemu --help'.\n", text.c_str());
    return exit_usage;
}

/// The exit status of a call that prints: what nobody got is no success.
int end_of_output(int status) {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) {
        return status;
    }
    std::fprintf(stderr, "ofemu: standard output: %s\n", std::strerror(errno));
    return exit_failure;
}

/// Blocks the signals that end the process in all threads and waits for one.
class EndSignals {
  public:
    EndSignals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGTERM);
        sigaddset(&set_, SIGINT);
        (void)pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    }
    void wait() const {
        int signal = 0;
        (void)sigwait(&set_, &signal);
    }

  private:
    sigset_t set_{};
};

int serve(const Options& options) {
    auto config = ofemu::load_config(options.config);
    if (!config) {
        std::fprintf(stderr, "ofemu: %s\n",
                     config.error().code == EINVAL ? config.error().text.c_str()
                                                   : config.error().message().c_str());
        return exit_failure;
    }
    if (options.check) {
        return 0;
    }
    config->bytes_always = options.bytes_always.value_or(config->bytes_always);
    const EndSignals signals; // before any thread
    // Whoever reads a capture or the log may leave; writing then fails, and nothing else does.
    (void)std::signal(SIGPIPE, SIG_IGN);
    auto system = ofemu::System::create(*config);
    if (!system) {
        std::fprintf(stderr, "ofemu: %s\n", system.error().message().c_str());
        return exit_failure;
    }
    std::unique_ptr<control::Server> control;
    if (!config->control.empty()) {
        auto server = control::Server::listen(config->control, **system);
        if (!server) {
            std::fprintf(stderr, "ofemu: %s\n", server.error().message().c_str());
            return exit_failure;
        }
        control = std::move(*server);
        control->start();
    }
    (*system)->start();
    std::puts("ready");
    std::fflush(stdout);
    signals.wait();
    control.reset();
    (*system)->stop();
    return 0;
}

int run(const std::vector<std::string_view>& arguments) {
    Options options;
    std::vector<std::string> configs;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        constexpr std::string_view config_option = "--config=", bytes_option = "--bytes=";
        if (argument == "-h" || argument == "--help") {
            std::fputs(usage_text, stdout);
            return end_of_output(0);
        }
        if (argument == "--version") {
            std::printf("ofemu, hardware interface %d.%d, mailbox ABI %d.%d\n", MO_IF_MAJOR,
                        MO_IF_MINOR, MO_FW_ABI_MAJOR, MO_FW_ABI_MINOR);
            return end_of_output(0);
        }
        if (argument == "-c" || argument == "--check") {
            options.check = true;
        } else if (argument == "-v" || argument == "--verbose") {
            options.verbose = true;
        } else if (argument == "--config") {
            if (++i == arguments.size()) {
                return usage_error("--config needs a file");
            }
            configs.emplace_back(arguments[i]);
        } else if (argument.rfind(config_option, 0) == 0) {
            configs.emplace_back(argument.substr(config_option.size()));
        } else if (argument.rfind(bytes_option, 0) == 0) {
            const std::string_view value = argument.substr(bytes_option.size());
            if (value != "always" && value != "lazy") {
                return usage_error("--bytes must be always or lazy, not \"" + std::string(value) +
                                   "\"");
            }
            options.bytes_always = value == "always";
        } else if (!argument.empty() && argument.front() == '-') {
            return usage_error("unknown option " + std::string(argument));
        } else {
            configs.emplace_back(argument);
        }
    }
    if (configs.size() > 1) {
        return usage_error("more than one configuration");
    }
    options.config = configs.empty() ? "" : configs.front();
    if (options.config.empty()) {
        return usage_error("no configuration given");
    }
    if (options.verbose) {
        log::set_level(log::Level::debug);
    }
    return serve(options);
}

} // namespace

int main(int argc, char** argv) {
    try {
        if (argc > 1 && std::string_view(argv[1]) == "ctl") {
            return end_of_output(
                control::client_main(std::vector<std::string>(argv + 2, argv + argc)));
        }
        return run(std::vector<std::string_view>(argv + 1, argv + argc));
    } catch (const std::exception& error) { // set-up mistakes (FatalError), no memory
        std::fprintf(stderr, "ofemu: %s\n", error.what());
        return exit_failure;
    }
}
