// SPDX-License-Identifier: GPL-2.0-or-later
// Link: what lies between two MACs. Delay, impairments, capture and counters; light and FEC are
// behind PathQuality. Everything acts on wire packets: a burst passes uncut only if nothing on the
// way has to look at, or does something to, one of its packets.
//
// Engine thread only; time is an argument (real under QEMU, virtual in tests). With no delay,
// send() calls the other end's receive() before it returns and no byte is copied here.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <string>

#include "fabric/frame.hpp"
#include "fabric/impair.hpp"
#include "fabric/shared_frame.hpp"

namespace mo::fabric {

class Capture;

/// End of a link, and the direction of what that end sends.
enum class End : std::uint8_t { a = 0, b = 1 };

[[nodiscard]] constexpr End other(End end) noexcept {
    return end == End::a ? End::b : End::a;
}

/// Deadline that never comes.
inline constexpr std::uint64_t no_deadline = std::numeric_limits<std::uint64_t>::max();

/// What packets meet in a direction.
struct PathState {
    bool open = true; ///< they reach the other MAC: both gates are open
    /// Minus the logarithm of the probability that a wire packet survives, FEC included: so much
    /// for each, and for each of its bytes.
    double hazard_per_packet = 0;
    double hazard_per_byte = 0;

    [[nodiscard]] double hazard(std::uint32_t bytes) const noexcept {
        return hazard_per_packet + hazard_per_byte * static_cast<double>(bytes);
    }
};

/// What the optics below say about a direction. Called on the engine thread.
class PathQuality {
  public:
    PathQuality() = default;
    PathQuality(const PathQuality&) = delete;
    PathQuality& operator=(const PathQuality&) = delete;

    /// Of packets sent by `from`. For each frame: nothing may be computed here that does not
    /// change from frame to frame.
    [[nodiscard]] virtual PathState state(End from) = 0;
    /// Behind a frame: something is left in the link, next_deadline_ns() may have changed.
    virtual void under_way() {}

  protected:
    ~PathQuality() = default;
};

/// Counters of a direction: X(name, text). Packets are wire packets.
#define MO_LINK_COUNTERS(X)                                                                        \
    X(packets, "packets that entered the link")                                                    \
    X(bytes, "bytes in them, without FCS")                                                         \
    X(delivered, "packets that reached the other end")                                             \
    X(lost_closed, "packets lost because a MAC gate was closed")                                   \
    X(lost_fec, "packets lost to errors that FEC could not correct")                               \
    X(lost_unattached, "packets lost because nobody is at the other end")                          \
    X(lost_overflow, "packets lost because too many were under way")                               \
    X(dropped, "packets dropped by the impairment")                                                \
    X(corrupted, "packets damaged by the impairment, with a wrong FCS")                            \
    X(altered, "packets damaged by the impairment, with a right FCS")                              \
    X(reordered, "packets held back by the impairment")                                            \
    X(duplicated, "packets sent twice by the impairment")                                          \
    X(marked, "packets that the impairment marked with congestion experienced (ECN)")              \
    X(bursts, "TCP bursts that passed uncut")                                                      \
    X(bursts_cut, "TCP bursts that were cut into packets here")

struct LinkCounters {
#define X(name, text) std::uint64_t name = 0;
    MO_LINK_COUNTERS(X)
#undef X
};

class Link {
  public:
    /// Frames under way in one direction may hold so many bytes; more are lost and counted.
    static constexpr std::size_t in_flight_limit = 64U << 20;
    /// A packet held back for reordering is let go after so long if no other packet comes.
    static constexpr std::uint64_t reorder_hold_ns = 1'000'000;

    explicit Link(std::string name);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    /// Puts `endpoint` (which must outlive its place here) at an end; nullptr takes it away and
    /// loses what is under way to it.
    void attach(End end, Endpoint* endpoint);
    /// Optics below the link, or nullptr for a perfect path. Must outlive its place here.
    void set_path(PathQuality* path) noexcept { path_ = path; }
    /// Propagation delay of a direction; frames under way keep theirs.
    void set_delay(End from, std::uint64_t delay_ns) noexcept;
    [[nodiscard]] std::uint64_t delay(End from) const noexcept;
    /// Impairments of a direction from the next packet on; restarts its random sequence.
    void set_impairment(End from, const ImpairmentConfig& config);
    [[nodiscard]] const ImpairmentConfig& impairment(End from) const noexcept;
    /// Writes every packet that arrives at either end to `capture`; nullptr ends it.
    void set_capture(std::unique_ptr<Capture> capture);
    [[nodiscard]] Capture* capture() const noexcept { return capture_.get(); }

    /// Sends a frame from an end. The frame's bytes are not used after the call.
    void send(End from, const Frame& frame, std::uint64_t now_ns);
    /// Delivers everything that is due by `now_ns`.
    void advance(std::uint64_t now_ns);
    /// When advance() has work next; no_deadline if nothing is under way.
    [[nodiscard]] std::uint64_t next_deadline_ns() const noexcept;
    /// Loses all that is under way from an end (its MAC was reset).
    void flush(End from);

    [[nodiscard]] const LinkCounters& counters(End from) const noexcept;
    /// Frames that were copied because they wait here; not those that came as kept ones.
    [[nodiscard]] std::uint64_t copies() const noexcept { return pool_.copies(); }

  private:
    struct Delayed {
        std::uint64_t due_ns;
        SharedFrame frame;
    };
    struct Direction {
        Endpoint* receiver = nullptr;
        std::uint64_t delay_ns = 0;
        Impairer impairer;
        std::deque<Delayed> under_way;
        std::size_t under_way_bytes = 0;
        SharedFrame held; ///< packet that waits for the next one to overtake it
        std::uint64_t held_until_ns = no_deadline;
        LinkCounters counters;
    };

    Direction& direction(End from) noexcept { return directions_[static_cast<std::size_t>(from)]; }
    const Direction& direction(End from) const noexcept {
        return directions_[static_cast<std::size_t>(from)];
    }
    void pass(Direction& way, const Frame& frame, double hazard, std::uint64_t now_ns);
    [[nodiscard]] bool clear_way(Direction& way, const Frame& frame, double hazard) const noexcept;
    void send_packet(Direction& way, const Frame& packet, double hazard, std::uint64_t now_ns);
    static void damage(Direction& way, OwnedFrame& copy, bool corrupt, bool alter) noexcept;
    void forward(Direction& way, const Frame& frame, std::uint64_t now_ns);
    void deliver(Direction& way, const Frame& frame, std::uint64_t now_ns);
    void release_held(Direction& way, std::uint64_t now_ns);

    std::string name_;
    std::array<Direction, 2> directions_;
    PathQuality* path_ = nullptr;
    std::unique_ptr<Capture> capture_;
    FramePool pool_;
};

} // namespace mo::fabric
