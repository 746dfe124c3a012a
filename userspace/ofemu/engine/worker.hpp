// SPDX-License-Identifier: GPL-2.0-or-later
// Worker: a thing that the engine works for.
#pragma once

#include <poll.h>

#include <cstdint>
#include <vector>

#include "engine/deadlines.hpp"

namespace mo::engine {

/// When the engine looks at a worker.
enum class Attendance : std::uint8_t {
    /// In each round: nobody tells when its work comes (memory that others write, sockets).
    each_round,
    /// When it was called, when its deadline is due, and as long as poll() says that there is more.
    /// Costs nothing else, however many there are.
    on_call,
};

/// What the engine keeps in a worker.
class Place {
  protected:
    ~Place() = default;

  private:
    friend class Engine;
    Deadlines::Member member_ = 0; ///< the number of a worker on call
};

/// A thing that the engine works for. Called with the engine's lock held, one at a time, unless a
/// function says otherwise. What has a default is for workers of each round only, but stalled().
class Worker : public Place {
  public:
    /// The datapath: works off at most `budget` units. True: there was work, or there is more.
    virtual bool poll(std::uint64_t now_ns, unsigned budget) = 0;
    /// What is not the datapath's, and may take long: left to the engine's own thread. `busy`: one
    /// of the datapaths had work in this round. True: as poll().
    virtual bool poll_background(std::uint64_t now_ns, bool busy) {
        (void)now_ns;
        (void)busy;
        return false;
    }
    /// All workers have been polled: flush what was produced for others.
    virtual void finish_round(std::uint64_t now_ns) { (void)now_ns; }
    /// The round ends: let go of guest memory.
    virtual void end_round() {}
    /// Behind the round, without the engine's lock: the interrupts that it gave rise to. Whom they
    /// wake may run on this CPU from then on.
    virtual void signal() noexcept {}
    /// Before the engine sleeps: publish event indexes ...
    virtual void publish_events() {}
    /// ... and, behind a full barrier, look again. True: work has come.
    [[nodiscard]] virtual bool work_arrived() { return false; }
    /// When poll() has to be called though nothing came; never: not at all. A worker on call is
    /// asked behind each of its poll()s, and that holds until the next one.
    [[nodiscard]] virtual std::uint64_t next_deadline_ns(std::uint64_t now_ns) = 0;
    /// The engine stood still for `gap_ns` until now though there may have been work (its thread
    /// got no processor). Before the next poll().
    virtual void stalled(std::uint64_t gap_ns) { (void)gap_ns; }
    /// Descriptors that wake the engine.
    virtual void add_wait_fds(std::vector<pollfd>& fds) const { (void)fds; }

  protected:
    ~Worker() = default;
};

} // namespace mo::engine
