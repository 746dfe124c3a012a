// SPDX-License-Identifier: GPL-2.0-or-later
// Capture: wire packets of a link in a pcap file with nanoseconds (magic 0xa1b23c4d, link type
// ethernet, the writer's byte order), as libpcap's pcap-savefile(5) describes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/fd.hpp"
#include "common/result.hpp"
#include "fabric/frame.hpp"

namespace mo::fabric {

class Capture {
  public:
    /// What is written is on disk (in the page cache) at the latest after so long.
    static constexpr std::uint64_t flush_period_ns = 100'000'000;
    /// Bytes that wait for the slow reader of a pipe before packets are lost.
    static constexpr std::size_t backlog_limit = 4U << 20;

    /// Creates or truncates `path`, a file or a named pipe that somebody reads: ENXIO if nobody
    /// does, EINVAL if it is something else. `epoch_ns` is added to every time, so that monotonic
    /// device time becomes time of day; 0 keeps virtual time. Packets are cut to `snap_length`
    /// bytes.
    static Result<Capture> open(const std::string& path, std::uint64_t epoch_ns,
                                std::uint32_t snap_length = 65535);
    Capture(Capture&&) noexcept = default;
    Capture& operator=(Capture&&) = delete;
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;
    ~Capture();

    /// Writes a frame, a burst as its wire packets.
    void write(const Frame& frame, std::uint64_t now_ns);
    /// Hands buffered packets to the kernel and never waits: what a pipe does not take is tried
    /// again later. After a failure (full disk, reader gone) the capture stays silent and lost()
    /// counts.
    void flush(std::uint64_t now_ns) noexcept;
    /// Writes what can be written at once and ends the capture; the rest is lost().
    void close(std::uint64_t now_ns) noexcept;
    /// When flush() is due; the largest value if nothing waits.
    [[nodiscard]] std::uint64_t flush_deadline_ns() const noexcept { return flush_due_ns_; }

    /// Packets that were written; those of a pipe whose reader is behind count later.
    [[nodiscard]] std::uint64_t packets() const noexcept { return packets_; }
    /// Packets that could not be written, or that nobody read in time.
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

  private:
    Capture(std::string path, Fd file, std::uint64_t epoch_ns, std::uint32_t snap_length);
    void write_packet(const Frame& packet, std::uint64_t now_ns);

    std::string path_;
    Fd file_;
    std::uint64_t epoch_ns_;
    std::uint32_t snap_length_;
    std::vector<std::byte> buffer_;
    std::uint64_t buffered_packets_ = 0;
    std::uint64_t flush_due_ns_ = ~std::uint64_t{0};
    std::uint64_t packets_ = 0;
    std::uint64_t lost_ = 0;
    bool behind_ = false; ///< a pipe took less than there was
    int failure_ = 0;     ///< errno that ended the capture
};

} // namespace mo::fabric
