// SPDX-License-Identifier: GPL-2.0-or-later
#include "pcie/msix.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace mo::pcie {

namespace {

/// False only for what is certainly something else: a client's mistake must not make the device
/// write into a file of its.
bool may_be_eventfd(int fd) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    std::array<char, 64> target{};
    const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
    return length < 0 || std::string_view(target.data(), static_cast<std::size_t>(length)) ==
                             "anon_inode:[eventfd]";
}

constexpr std::uint32_t word_bits = 64;

} // namespace

MsixVectors::MsixVectors(std::uint32_t count)
    : vectors_(count), noted_((count + word_bits - 1) / word_bits), again_(noted_.size()) {}

MsixVectors::~MsixVectors() {
    unbind_all();
}

Result<void> MsixVectors::bind(std::uint32_t vector, Fd eventfd) {
    if (vector >= vectors_.size()) {
        return fail(EINVAL, "no MSI-X vector " + std::to_string(vector));
    }
    if (!eventfd || !may_be_eventfd(eventfd.get())) {
        return fail(EINVAL, "not an eventfd for MSI-X vector " + std::to_string(vector));
    }
    // A full counter must not stop the thread that raises.
    const int flags = ::fcntl(eventfd.get(), F_GETFL);
    if (flags < 0 || ::fcntl(eventfd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
        return fail(errno, "cannot prepare an eventfd");
    }
    const std::lock_guard lock(writer_);
    const Fd old(vectors_[vector].eventfd.exchange(eventfd.release(), std::memory_order_seq_cst));
    if (old) {
        grace_.synchronise();
    }
    return {};
}

Result<void> MsixVectors::unbind(std::uint32_t start, std::uint32_t count) {
    if (start > vectors_.size() || count > vectors_.size() - start) {
        return fail(EINVAL, "no MSI-X vectors " + std::to_string(start) + " and " +
                                std::to_string(count) + " on");
    }
    const std::lock_guard lock(writer_);
    std::vector<Fd> old;
    for (std::uint32_t i = start; i < start + count; ++i) {
        Fd fd(vectors_[i].eventfd.exchange(-1, std::memory_order_seq_cst));
        if (fd) {
            old.push_back(std::move(fd));
        }
    }
    if (!old.empty()) {
        grace_.synchronise();
    }
    return {};
}

void MsixVectors::unbind_all() {
    (void)unbind(0, count());
}

void MsixVectors::set_enabled(bool enabled) {
    enabled_.store(enabled, std::memory_order_seq_cst);
    if (!enabled) {
        grace_.synchronise();
    }
}

void MsixVectors::set_callback(Callback callback) {
    const std::lock_guard lock(writer_);
    callback_ = std::move(callback);
}

void MsixVectors::raise(std::uint32_t vector) noexcept {
    const auto section = grace_.enter();
    if (vector >= vectors_.size() || !enabled_.load(std::memory_order_seq_cst)) {
        dropped_.add();
        return;
    }
    Vector& target = vectors_[vector];
    if (callback_) {
        callback_(vector);
    } else {
        const int fd = target.eventfd.load(std::memory_order_seq_cst);
        // EAGAIN: the counter is full, so the receiver has an event pending anyway.
        if (fd < 0 || (::eventfd_write(fd, 1) != 0 && errno != EAGAIN)) {
            dropped_.add();
            return;
        }
    }
    target.delivered.add();
    delivered_.add();
}

void MsixVectors::note(std::uint32_t vector) noexcept {
    switch (twist_ ? twist_() : Fate::raised) {
    case Fate::lost:
        return;
    case Fate::doubled:
        if (vector < vectors_.size()) {
            again_[vector / word_bits].fetch_or(std::uint64_t{1} << (vector % word_bits),
                                                std::memory_order_release);
        }
        break;
    case Fate::elsewhere:
        note_truly(vector + 1 < vectors_.size() ? vector + 1 : 0);
        return;
    case Fate::raised:
        break;
    }
    note_truly(vector);
}

void MsixVectors::note_truly(std::uint32_t vector) noexcept {
    if (vector < vectors_.size()) {
        noted_[vector / word_bits].fetch_or(std::uint64_t{1} << (vector % word_bits),
                                            std::memory_order_release);
    } else {
        dropped_.add();
    }
}

void MsixVectors::raise_noted() noexcept {
    for (std::uint32_t word = 0; word < noted_.size(); ++word) {
        if (noted_[word].load(std::memory_order_relaxed) == 0) {
            continue;
        }
        std::uint64_t bits = noted_[word].exchange(0, std::memory_order_acquire);
        // A second eventfd_write() at once would be no second interrupt.
        const std::uint64_t again = again_[word].exchange(0, std::memory_order_acquire);
        for (; bits != 0; bits &= bits - 1) {
            raise(word * word_bits + static_cast<std::uint32_t>(std::countr_zero(bits)));
        }
        if (again != 0) {
            noted_[word].fetch_or(again, std::memory_order_release);
        }
    }
}

bool MsixVectors::bound(std::uint32_t vector) const noexcept {
    return vector < vectors_.size() &&
           (callback_ || vectors_[vector].eventfd.load(std::memory_order_seq_cst) >= 0);
}

std::uint64_t MsixVectors::delivered(std::uint32_t vector) const noexcept {
    return vector < vectors_.size() ? vectors_[vector].delivered.value() : 0;
}

} // namespace mo::pcie
