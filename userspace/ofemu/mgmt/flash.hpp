// SPDX-License-Identifier: GPL-2.0-or-later
// FLASH block and the flash behind it: NOR with 4 KiB sectors, which erasing sets to ones and
// programming can only clear. An operation takes its time, and a reset or power cut in the middle
// leaves what it had done by then. Optionally kept in a file: the flash, then one sector with the
// chip's non-volatile boot slot.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "common/fd.hpp"
#include "mgmt/peripheral.hpp"

namespace mo::mgmt {

class Flash : public Peripheral {
  public:
    static constexpr std::uint64_t erase_ns = 40'000'000;   ///< typical of 4 KiB sectors
    static constexpr std::uint64_t program_byte_ns = 3'000; ///< 0.77 ms per 256-byte page

    /// Resolves a source address to bytes; empty when it is no memory of that length.
    using Source =
        std::function<std::span<const std::uint8_t>(std::uint32_t addr, std::uint32_t len)>;

    /// @throws FatalError when the file cannot be used
    Flash(const std::string& path, Source source);

    std::uint32_t read(std::uint32_t offset, std::uint64_t now_ns) override;
    void write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) override;
    void reset(std::uint64_t now_ns) override;
    void advance(std::uint64_t now_ns) override;
    [[nodiscard]] std::uint64_t deadline_ns(std::uint64_t now_ns) override;
    [[nodiscard]] std::uint32_t irq_levels(std::uint64_t now_ns) override;

    [[nodiscard]] std::span<std::uint8_t> memory() { return {bytes_.data(), MO_SOC_FLASH_SIZE}; }

    /// The boot slot that outlives power; 0 in an empty flash.
    [[nodiscard]] std::uint32_t boot_slot() const;
    void set_boot_slot(std::uint32_t slot);

    [[nodiscard]] std::uint64_t erases() const { return erases_; }
    [[nodiscard]] std::uint64_t programs() const { return programs_; }

  private:
    void start(std::uint32_t command, std::uint64_t now_ns);
    void begin(std::uint32_t command, std::uint64_t now_ns, std::uint64_t duration_ns);
    /// What the operation under way has made of its bytes after `part` (0..1) of its time.
    [[nodiscard]] std::vector<std::uint8_t> torn(double part) const;
    /// Puts `bytes` at the place of the operation, into the flash and its file.
    void store(std::span<const std::uint8_t> bytes);
    [[nodiscard]] bool save(std::span<const std::uint8_t> bytes, std::size_t offset) const;

    Fd file_;
    std::vector<std::uint8_t> bytes_; ///< flash and the sector behind it
    Source source_;
    std::uint32_t addr_ = 0;
    std::uint32_t len_ = 0;
    std::uint32_t src_ = 0;
    std::uint32_t command_ = 0;      ///< under way; 0: idle
    std::uint32_t at_ = 0;           ///< its place
    std::vector<std::uint8_t> page_; ///< what it programs
    std::uint64_t start_ns_ = 0;
    std::uint64_t end_ns_ = 0;
    bool failed_ = false;
    bool finished_ = false; ///< a command has ended since the last start
    std::uint64_t erases_ = 0;
    std::uint64_t programs_ = 0;
};

} // namespace mo::mgmt
