// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/log.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <unistd.h>

namespace mo::log {

namespace {

constexpr std::size_t line_limit = 1000;

std::atomic<Level> threshold{Level::info};
std::atomic<const char*> program{"ofemu"};

const char* name_of(Level level) noexcept {
    switch (level) {
    case Level::error:
        return "error";
    case Level::warning:
        return "warning";
    case Level::info:
        return "info";
    case Level::debug:
        return "debug";
    }
    return "unknown";
}

} // namespace

void set_level(Level level) noexcept {
    threshold.store(level, std::memory_order_relaxed);
}

Level level() noexcept {
    return threshold.load(std::memory_order_relaxed);
}

void set_program(const char* name) noexcept {
    program.store(name, std::memory_order_relaxed);
}

void print(Level message_level, const char* format, ...) noexcept {
    if (message_level > level()) {
        return;
    }
    std::array<char, line_limit> line;
    const int head =
        std::snprintf(line.data(), line.size(), "%s: %s: ", program.load(std::memory_order_relaxed),
                      name_of(message_level));
    if (head < 0) {
        return;
    }
    auto used = std::min<std::size_t>(static_cast<std::size_t>(head), line.size() - 1);
    std::va_list arguments;
    va_start(arguments, format);
    const int body = std::vsnprintf(line.data() + used, line.size() - used, format, arguments);
    va_end(arguments);
    if (body > 0) {
        used = std::min<std::size_t>(used + static_cast<std::size_t>(body), line.size() - 1);
    }
    for (std::size_t i = 0; i < used; ++i) {
        const auto c = static_cast<unsigned char>(line[i]);
        if (c < 0x20 || c == 0x7f) {
            line[i] = '?';
        }
    }
    line[used] = '\n';
    if (::write(STDERR_FILENO, line.data(), used + 1) < 0) {
        return; // nowhere left to report to
    }
}

bool RateLimit::admit(Nanoseconds now) noexcept {
    const std::int64_t start = window_start_.load(std::memory_order_relaxed);
    if (used_.load(std::memory_order_relaxed) == 0 || now.count() - start >= interval_.count()) {
        window_start_.store(now.count(), std::memory_order_relaxed);
        used_.store(1, std::memory_order_relaxed);
        return burst_ > 0;
    }
    return used_.fetch_add(1, std::memory_order_relaxed) < burst_;
}

} // namespace mo::log
