// SPDX-License-Identifier: GPL-2.0-or-later
#include "mgmt/flash.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "common/random.hpp"
#include "common/result.hpp"

namespace mo::mgmt {
namespace {

constexpr std::uint32_t status_busy = 1U << 0;
constexpr std::uint32_t status_failed = 1U << 1;
constexpr std::size_t file_size = MO_SOC_FLASH_SIZE + MO_SOC_FLASH_SECTOR;
constexpr std::size_t slot_place = MO_SOC_FLASH_SIZE;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
    throw FatalError("flash file " + path + ": " + why);
}

bool write_all(int fd, std::span<const std::uint8_t> bytes, std::size_t offset) {
    while (!bytes.empty()) {
        const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        offset += static_cast<std::size_t>(n);
    }
    return true;
}

/// Opens the file and fills `bytes` from it, or makes an erased one.
Fd open_file(const std::string& path, std::span<std::uint8_t> bytes) {
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!file) {
        refuse(path, std::strerror(errno));
    }
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        refuse(path, "is in use by another device");
    }
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) {
        refuse(path, std::strerror(errno));
    }
    if (status.st_size == 0) {
        if (!write_all(file.get(), bytes, 0)) {
            refuse(path, std::strerror(errno));
        }
        return file;
    }
    if (static_cast<std::size_t>(status.st_size) != file_size) {
        refuse(path, "has " + std::to_string(status.st_size) + " bytes, not " +
                         std::to_string(file_size));
    }
    for (std::size_t at = 0; at < bytes.size();) {
        const ssize_t n =
            ::pread(file.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            refuse(path, n == 0 ? "is shorter than it was" : std::strerror(errno));
        }
        at += static_cast<std::size_t>(n);
    }
    return file;
}

} // namespace

Flash::Flash(const std::string& path, Source source)
    : bytes_(file_size, 0xff), source_(std::move(source)) {
    if (!path.empty()) {
        file_ = open_file(path, bytes_);
    }
}

bool Flash::save(std::span<const std::uint8_t> bytes, std::size_t offset) const {
    return !file_ || write_all(file_.get(), bytes, offset);
}

void Flash::store(std::span<const std::uint8_t> bytes) {
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + at_);
    failed_ |= !save(bytes, at_);
}

std::vector<std::uint8_t> Flash::torn(double part) const {
    const std::size_t len = command_ == MO_SOC_FLASH_ERASE ? MO_SOC_FLASH_SECTOR : page_.size();
    const auto place = bytes_.begin() + at_;
    std::vector<std::uint8_t> bytes(place, place + static_cast<std::ptrdiff_t>(len));
    Random random(std::uint64_t{at_} << 32U ^ start_ns_);
    if (command_ == MO_SOC_FLASH_PROGRAM) {
        // Byte after byte; of the last one some bits are cleared already.
        const auto done = static_cast<std::size_t>(part * static_cast<double>(len));
        for (std::size_t i = 0; i < len && i <= done; ++i) {
            const auto not_yet =
                static_cast<std::uint8_t>(i < done || part >= 1 ? 0 : random.next());
            bytes[i] = static_cast<std::uint8_t>(bytes[i] & (page_[i] | not_yet));
        }
        return bytes;
    }
    // NOR first programs the whole sector to zeros, so that its cells age alike; then the cells
    // become ones, each in its own time.
    constexpr double zeros = 0.2;
    if (part < zeros) {
        const auto done = static_cast<std::size_t>(part / zeros * static_cast<double>(len));
        std::fill_n(bytes.begin(), done, std::uint8_t{0});
        return bytes;
    }
    const double chance = (part - zeros) / (1 - zeros);
    for (std::uint8_t& byte : bytes) {
        unsigned ones = 0;
        for (unsigned bit = 0; bit < 8; ++bit) {
            ones |= random.chance(chance) ? 1U << bit : 0U;
        }
        byte = static_cast<std::uint8_t>(ones);
    }
    return bytes;
}

std::uint32_t Flash::boot_slot() const {
    return bytes_[slot_place] < MO_SOC_FLASH_SLOTS ? bytes_[slot_place] : 0;
}

void Flash::set_boot_slot(std::uint32_t slot) {
    if (slot < MO_SOC_FLASH_SLOTS && slot != boot_slot()) {
        bytes_[slot_place] = static_cast<std::uint8_t>(slot);
        failed_ |= !save(std::span(bytes_).subspan(slot_place, 1), slot_place);
    }
}

std::uint32_t Flash::read(std::uint32_t offset, std::uint64_t) {
    switch (offset) {
    case block_offset(hw::MO_SOC_FLASH_ADDR):
        return addr_;
    case block_offset(hw::MO_SOC_FLASH_LEN):
        return len_;
    case block_offset(hw::MO_SOC_FLASH_SRC):
        return src_;
    case block_offset(hw::MO_SOC_FLASH_STATUS):
        return (command_ != 0 ? status_busy : 0) | (failed_ ? status_failed : 0);
    default:
        return 0;
    }
}

void Flash::write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) {
    switch (offset) {
    case block_offset(hw::MO_SOC_FLASH_ADDR):
        addr_ = value;
        break;
    case block_offset(hw::MO_SOC_FLASH_LEN):
        len_ = value;
        break;
    case block_offset(hw::MO_SOC_FLASH_SRC):
        src_ = value;
        break;
    case block_offset(hw::MO_SOC_FLASH_CMD):
        start(value, now_ns);
        break;
    default:
        break;
    }
}

/// A command while one is under way is lost; one that cannot be done fails at once.
void Flash::start(std::uint32_t command, std::uint64_t now_ns) {
    if (command_ != 0) {
        return;
    }
    failed_ = false;
    finished_ = false;
    const bool in_range = addr_ < MO_SOC_FLASH_SIZE;
    if (command == MO_SOC_FLASH_ERASE && in_range) {
        at_ = addr_ - addr_ % MO_SOC_FLASH_SECTOR;
        ++erases_;
        begin(command, now_ns, erase_ns);
        return;
    }
    if (command == MO_SOC_FLASH_PROGRAM && in_range && len_ != 0 &&
        len_ <= MO_SOC_FLASH_SECTOR - addr_ % MO_SOC_FLASH_SECTOR) {
        const std::span<const std::uint8_t> from = source_(src_, len_);
        if (!from.empty()) {
            page_.assign(from.begin(), from.end());
            at_ = addr_;
            ++programs_;
            begin(command, now_ns, len_ * program_byte_ns);
            return;
        }
    }
    failed_ = true;
    finished_ = true;
}

void Flash::begin(std::uint32_t command, std::uint64_t now_ns, std::uint64_t duration_ns) {
    command_ = command;
    start_ns_ = now_ns;
    end_ns_ = now_ns + duration_ns;
    // The end of this process is a power cut, too: until the end the file holds a half.
    constexpr double half = 0.5;
    failed_ |= !save(torn(half), at_);
}

void Flash::advance(std::uint64_t now_ns) {
    if (command_ == 0 || now_ns < end_ns_) {
        return;
    }
    store(torn(1));
    command_ = 0;
    finished_ = true;
}

std::uint64_t Flash::deadline_ns(std::uint64_t) {
    return command_ != 0 ? end_ns_ : never_ns;
}

std::uint32_t Flash::irq_levels(std::uint64_t) {
    return finished_ ? 1U << MO_SOC_IRQ_FLASH : 0;
}

/// An operation under way stops where it is.
void Flash::reset(std::uint64_t now_ns) {
    advance(now_ns); // it may have ended before
    if (command_ != 0) {
        store(torn(static_cast<double>(now_ns - std::min(now_ns, start_ns_)) /
                   static_cast<double>(end_ns_ - start_ns_)));
    }
    addr_ = 0;
    len_ = 0;
    src_ = 0;
    command_ = 0;
    failed_ = false;
    finished_ = false;
}

} // namespace mo::mgmt
