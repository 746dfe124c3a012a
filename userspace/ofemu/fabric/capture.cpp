// SPDX-License-Identifier: GPL-2.0-or-later
#include "fabric/capture.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "common/log.hpp"
#include "fabric/icrc.hpp"
#include "fabric/segmenter.hpp"

namespace mo::fabric {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::size_t buffer_size = 256U << 10;
constexpr std::uint64_t retry_period_ns = 10'000'000; // a pipe that was full
constexpr std::uint64_t never = ~std::uint64_t{0};

struct FileHeader {
    std::uint32_t magic = 0xa1b23c4d;
    std::uint16_t major = 2;
    std::uint16_t minor = 4;
    std::int32_t zone = 0;
    std::uint32_t accuracy = 0;
    std::uint32_t snap_length = 0;
    std::uint32_t link_type = 1; // LINKTYPE_ETHERNET
};
static_assert(sizeof(FileHeader) == 24);

struct PacketHeader {
    std::uint32_t seconds;
    std::uint32_t nanoseconds;
    std::uint32_t captured;
    std::uint32_t length;
};
static_assert(sizeof(PacketHeader) == 16);

template <typename T>
void append(std::vector<std::byte>& to, const T& object) {
    const Bytes bytes = std::as_bytes(std::span<const T, 1>(&object, 1));
    to.insert(to.end(), bytes.begin(), bytes.end());
}

} // namespace

Result<Capture> Capture::open(const std::string& path, std::uint64_t epoch_ns,
                              std::uint32_t snap_length) {
    // The engine writes, and it waits for nobody: neither here for a reader, nor later for one that
    // reads slowly.
    Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644));
    if (!file) {
        return errno == ENXIO ? fail(ENXIO, "nobody reads the pipe " + path)
                              : fail(errno, "cannot create capture " + path);
    }
    struct stat status{};
    if (::fstat(file.get(), &status) != 0 ||
        !(S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode))) {
        return fail(EINVAL, path + " is neither a file nor a pipe");
    }
    Capture capture(path, std::move(file), epoch_ns, snap_length);
    FileHeader header;
    header.snap_length = snap_length;
    append(capture.buffer_, header);
    capture.flush(0);
    if (capture.failure_ != 0) {
        return fail(capture.failure_, "cannot write capture " + path);
    }
    return capture;
}

Capture::Capture(std::string path, Fd file, std::uint64_t epoch_ns, std::uint32_t snap_length)
    : path_(std::move(path)), file_(std::move(file)), epoch_ns_(epoch_ns),
      snap_length_(snap_length) {}

Capture::~Capture() {
    if (file_) {
        flush(0);
    }
}

void Capture::close(std::uint64_t now_ns) noexcept {
    flush(now_ns);
    lost_ += std::exchange(buffered_packets_, 0);
    file_.reset();
    failure_ = EBADF;
}

void Capture::write(const Frame& frame, std::uint64_t now_ns) {
    if (!frame.is_burst()) {
        write_packet(frame, now_ns);
        return;
    }
    Segmenter segmenter(frame);
    for (Frame packet; segmenter.next(packet);) {
        write_packet(packet, now_ns);
    }
}

void Capture::write_packet(const Frame& packet, std::uint64_t now_ns) {
    if (failure_ != 0 || buffer_.size() >= backlog_limit) {
        ++lost_;
        return;
    }
    const std::uint64_t time = epoch_ns_ + now_ns;
    const PacketHeader header{
        .seconds = static_cast<std::uint32_t>(time / second_ns),
        .nanoseconds = static_cast<std::uint32_t>(time % second_ns),
        .captured = std::min(packet.length, snap_length_),
        .length = packet.length,
    };
    append(buffer_, header);
    std::size_t left = header.captured;
    const auto put = [&](Bytes piece) {
        piece = piece.first(std::min(left, piece.size()));
        buffer_.insert(buffer_.end(), piece.begin(), piece.end());
        left -= piece.size();
    };
    put(packet.head);
    for (const Bytes piece : packet.body) {
        put(piece);
    }
    // Of a packet that was cut the ICRC is not there.
    if (packet.icrc && header.captured == packet.length) {
        complete_icrc(std::span(buffer_).last(packet.length), packet.icrc);
    }
    ++buffered_packets_;
    if (buffer_.size() >= buffer_size && !behind_) {
        flush(now_ns);
    } else if (flush_due_ns_ == never) {
        flush_due_ns_ = now_ns + flush_period_ns;
    }
}

void Capture::flush(std::uint64_t now_ns) noexcept {
    flush_due_ns_ = never;
    behind_ = false;
    std::size_t written = 0;
    while (failure_ == 0 && written < buffer_.size()) {
        const ssize_t count =
            ::write(file_.get(), buffer_.data() + written, buffer_.size() - written);
        if (count > 0) {
            written += static_cast<std::size_t>(count);
        } else if (count < 0 && errno == EAGAIN) {
            behind_ = true;
            flush_due_ns_ = now_ns + retry_period_ns;
            break;
        } else if (count == 0 || errno != EINTR) {
            failure_ = count == 0 ? ENOSPC : errno;
            log::print(log::Level::warning, "%s",
                       Error{failure_, "capture " + path_ + " ends"}.message().c_str());
        }
    }
    if (behind_) {
        // The rest of a packet has to follow it.
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(written));
        return;
    }
    (failure_ != 0 ? lost_ : packets_) += buffered_packets_;
    buffered_packets_ = 0;
    buffer_.clear();
}

} // namespace mo::fabric
