// SPDX-License-Identifier: GPL-2.0-or-later
// The optical side of a port as the management core's chip is wired to it: host SerDes, laser
// interlock, PCS, module cage and its bus (driver/hw/soc.h), with a module in the cage and a fibre
// in the module. Belongs to the engine thread; a function of what was done to it and of time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

#include "mgmt/phy.hpp"
#include "optics/fibre.hpp"
#include "optics/module.hpp"
#include "optics/pcs.hpp"
#include "optics/receiver.hpp"

namespace mo::optics {

struct PortConfig {
    unsigned lanes = MO_MAX_LANES;
    std::uint64_t seed = 1;
    double ambient_c = 35.0;
};

class Port final : public mgmt::Phy {
  public:
    explicit Port(PortConfig config);
    ~Port() override;
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;
    Port(Port&&) = delete;
    Port& operator=(Port&&) = delete;

    // mgmt::Phy
    std::uint32_t phy_read(hw::mo_soc_block block, std::uint32_t offset,
                           std::uint64_t now_ns) override;
    void phy_write(hw::mo_soc_block block, std::uint32_t offset, std::uint32_t value,
                   std::uint64_t now_ns) override;
    bool i2c_read(std::uint8_t target, std::uint8_t offset, std::span<std::uint8_t> out,
                  std::uint64_t now_ns) override;
    bool i2c_write(std::uint8_t target, std::uint8_t offset, std::span<const std::uint8_t> in,
                   std::uint64_t now_ns) override;
    std::uint32_t irq_levels(std::uint64_t now_ns) override;
    std::uint64_t next_change_ns(std::uint64_t now_ns) override;
    void core_reset(std::uint64_t now_ns) override;

    // The operator's hands and the weather.
    void plug(cmis::Identity identity, std::uint64_t now_ns);
    void unplug(std::uint64_t now_ns);
    [[nodiscard]] bool plugged() const { return module_.has_value(); }
    void set_ambient(double ambient_c, std::uint64_t now_ns);

    // Faults.
    void fail_laser(unsigned lane, bool failed, std::uint64_t now_ns);
    /// @param factor on the bias above threshold; 1 new, 1.5 end of life
    void age_laser(unsigned lane, double factor, std::uint64_t now_ns);
    /// Module fault state with `cause` in 00h:41.
    void fault_module(std::uint8_t cause, std::uint64_t now_ns);
    /// The module stops to acknowledge, or does so again.
    void hang_bus(bool hung, std::uint64_t now_ns);
    /// The next adaptation of `lane` converges to a wrong channel: the link comes up and is worse.
    void spoil_next_adaptation(unsigned lane);
    /// Probability that a symbol error at the receiver goes on in the next symbol of its lane.
    void set_burst(double probability, std::uint64_t now_ns);

    // What of them is in force.
    /// Precondition: plugged().
    [[nodiscard]] double laser_age(unsigned lane) const { return module_->laser_age(lane); }
    /// Bit per lane whose next adaptation fails.
    [[nodiscard]] std::uint32_t spoiled_adaptations() const;
    [[nodiscard]] double burst() const { return pcs_.burst(); }
    [[nodiscard]] unsigned lanes() const { return config_.lanes; }

    // The NIC's questions.
    /// The receive direction delivers codewords.
    [[nodiscard]] bool aligned(std::uint64_t now_ns);
    /// How likely received frames are lost for good.
    [[nodiscard]] const FrameHazard& hazard(std::uint64_t now_ns);
    /// Not 0, and another one whenever aligned() or hazard() says something else. Cheap: for each
    /// frame.
    [[nodiscard]] std::uint64_t path_generation(std::uint64_t now_ns) {
        if (deadline_ns_ <= now_ns) {
            advance(now_ns);
        }
        return pcs_.generation();
    }
    /// Electrical power of module and SerDes, W.
    [[nodiscard]] double power_w(std::uint64_t now_ns);
    /// Temperature of the module's case, degree C; of the air without a module.
    [[nodiscard]] double case_c(std::uint64_t now_ns);

    // The fibre's side.
    void attach(Fibre& fibre, End end);
    void detach();
    [[nodiscard]] const Line& line() const { return line_; }
    /// What arrives from `arrival_ns` on.
    void receive(const Line& line, std::uint64_t arrival_ns);

  private:
    struct Serdes {
        std::uint32_t ctrl = 0;
        std::uint32_t rate = MO_SOC_RATE_OFF;
        std::uint32_t fir0 = 0;
        std::uint32_t fir1 = 0;
        Receiver receiver;
        std::uint32_t status = 0; ///< as last seen, for CHANGED
    };
    struct Arrival {
        std::uint64_t at_ns;
        Line line;
    };

    void advance(std::uint64_t now_ns);
    void evaluate(std::uint64_t now_ns);
    void update_line(std::uint64_t now_ns);
    [[nodiscard]] std::uint64_t deadline() const;
    [[nodiscard]] double tx_quality(const Serdes& lane) const;
    [[nodiscard]] std::uint32_t read_module(std::uint32_t offset) const;
    [[nodiscard]] std::uint32_t read_serdes(std::uint32_t offset) const;
    [[nodiscard]] std::uint32_t read_laser(std::uint32_t offset) const;
    [[nodiscard]] std::uint32_t read_pcs(std::uint32_t offset) const;
    [[nodiscard]] std::uint32_t read_pcs_lane(unsigned lane, std::uint32_t reg) const;
    void write_serdes(std::uint32_t offset, std::uint32_t value);
    void write_pcs(std::uint32_t offset, std::uint32_t value);

    PortConfig config_;
    std::uint64_t now_ns_ = 0;
    std::uint64_t deadline_ns_ = never;
    Fibre* fibre_ = nullptr;
    End end_ = End::a;
    std::deque<Arrival> arrivals_;
    Line rx_;
    Line line_;

    std::optional<Module> module_;
    std::uint64_t modules_plugged_ = 0;
    std::uint32_t module_ctrl_ = 3;
    std::uint32_t module_changed_ = 0;
    bool module_interrupt_ = false;
    std::uint32_t interlock_ = 0;

    std::array<Serdes, MO_MAX_LANES> serdes_{};
    std::uint32_t serdes_changed_ = 0;

    Pcs pcs_;
    std::uint32_t pcs_ctrl_ = 0;
    std::uint32_t pcs_lanes_ = 0;
    std::uint32_t pcs_fec_ = 0;
    std::uint32_t pcs_status_ = 0;
    std::uint32_t pcs_changed_ = 0;
};

} // namespace mo::optics
