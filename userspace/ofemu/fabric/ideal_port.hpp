// SPDX-License-Identifier: GPL-2.0-or-later
// What a link asks of the ports at its ends, whatever nodes they belong to: a gate for frames, and
// of a port without optics what it sends in place of light.
//
// Engine thread, or with the engine paused.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

namespace mo::fabric {

/// Frames pass a port while true.
struct Gate {
    bool receive = false;
    bool transmit = false;
};

/// An ideal port: a link between two of them is a line that is whole or not.
class IdealPort {
  public:
    /// What an end puts on the line.
    struct Signal {
        bool light = false;
        std::uint32_t mode = 0; ///< MO_LM_*, one bit
        std::uint8_t fec = 0;   ///< MO_FEC_*, one bit
        bool operator==(const Signal&) const = default;
    };

    IdealPort() = default;
    IdealPort(const IdealPort&) = delete;
    IdealPort& operator=(const IdealPort&) = delete;

    /// What this end sends.
    [[nodiscard]] const Signal& sent() const noexcept { return sent_; }
    /// The link's: `changed` is called whenever sent() is another one. An empty function ends that.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }
    /// What arrives here from now on, and whether what is sent arrives at the other end. Also
    /// called when neither is new, and from inside of send().
    virtual void see(const Signal& received, bool seen) = 0;

  protected:
    ~IdealPort() = default;

    /// Sends this from now on. True: it is another signal than before.
    bool send(const Signal& signal) {
        if (signal == sent_) {
            return false;
        }
        sent_ = signal;
        if (changed_) {
            changed_();
        }
        return true;
    }

  private:
    Signal sent_;
    std::function<void()> changed_;
};

} // namespace mo::fabric
