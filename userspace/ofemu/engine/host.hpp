// SPDX-License-Identifier: GPL-2.0-or-later
// Host: what a device may ask of the engine that works for it. Implemented by the engine of the
// process and by tests.
#pragma once

#include <cstdint>

namespace mo::engine {

class Host {
  public:
    /// Device time: nanoseconds since power-on, never goes back. Any thread.
    [[nodiscard]] virtual std::uint64_t now_ns() const noexcept = 0;

    /// There is work for the engine (a doorbell was noted). Any thread, also inside signal-free
    /// hot paths: costs a load while the engine is awake and one eventfd write while it sleeps.
    virtual void wake() noexcept = 0;

    /// As wake(), by a control thread that has nothing else to do: if the engine sleeps, the caller
    /// works in its stead for at most a few packets (some tens of microseconds).
    virtual void serve() noexcept = 0;

    /// Begins a stretch in which the engine does no work: the caller owns what otherwise only the
    /// engine thread may touch. Returns within one round of the engine (well below 1 ms).
    /// Never from the engine thread. Does not nest.
    virtual void stop_engine() = 0;
    /// Ends it.
    virtual void continue_engine() = 0;

  protected:
    ~Host() = default;
};

/// stop_engine() ... continue_engine() as a scope.
class EnginePause {
  public:
    explicit EnginePause(Host& host) : host_(host) { host_.stop_engine(); }
    EnginePause(const EnginePause&) = delete;
    EnginePause& operator=(const EnginePause&) = delete;
    ~EnginePause() { host_.continue_engine(); }

  private:
    Host& host_;
};

} // namespace mo::engine
