// SPDX-License-Identifier: GPL-2.0-or-later
// The management core's chip: RV32IMC core, boot ROM, memories and peripherals of driver/hw/soc.h,
// as the NIC around it sees it. Owns no clock and no thread: the engine thread gives the time and
// calls run().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/hw.hpp"
#include "common/result.hpp"
#include "mgmt/phy.hpp"

namespace mo::mgmt {

/// Values behind the SENSOR block, in its units.
struct SensorValues {
    std::int32_t temp_board_mc = 0; ///< 1/1000 degree C
    std::int32_t temp_asic_mc = 0;  ///< 1/1000 degree C
    std::uint32_t volt_core_mv = 0;
    std::uint32_t volt_io_mv = 0;
    std::uint32_t power_mw = 0;
    std::uint64_t energy_uj = 0; ///< since power-on; never goes back
};

/// What the SoC may ask of the NIC around it. Called on the engine thread, from inside power_on(),
/// reset(), hold(), run() and inject_crash(). No function blocks or calls back into the Soc.
class SocHost {
  public:
    virtual ~SocHost() = default;

    /// SYS_STATE was written, or the core was reset, held, or crashed. Also when it did not change.
    /// A request that mailbox_submit() accepted and that has not been answered is lost when `state`
    /// is MO_MGMT_RESET or MO_MGMT_CRASHED.
    virtual void mgmt_state(hw::mo_mgmt_state state, hw::mo_fw_error error,
                            std::uint64_t now_ns) = 0;

    /// MBOX_DONE: the answer to the request that is under way; at most MO_MB_MAX bytes, possibly
    /// shorter than struct mo_mb_hdr (the firmware is not trusted). Valid during the call.
    virtual void mailbox_done(std::span<const std::uint8_t> response) = 0;

    /// MBOX_EVENT: raise an event at the host.
    virtual void host_event(std::uint8_t type, std::uint8_t code, std::uint16_t data) = 0;

    /// MAC_PUBLISH: the sizeof(mo_link_state) bytes at MO_SOC_LINK_BASE; to be written to host
    /// memory, then MO_EVENT_LINK. Valid during the call.
    virtual void publish_link(std::span<const std::uint8_t> state) = 0;

    /// MAC_PUBLISH: the sizeof(mo_optics) bytes at MO_SOC_OPTICS_BASE; to be written to host
    /// memory. Valid during the call.
    virtual void publish_optics(std::span<const std::uint8_t> block) = 0;

    /// MAC_CTRL or MAC_SPEED was written, or a reset closed the gate. A crash leaves it as it is.
    virtual void mac_gate(bool receive, bool transmit, std::uint32_t speed_mbps) = 0;

    /// SYS_LOG: one character of the firmware's log; lines end in '\n'.
    virtual void log_char(char c) = 0;

    /// The board's sensors at `now_ns`.
    virtual SensorValues sensors(std::uint64_t now_ns) = 0;

  protected:
    SocHost() = default;
    SocHost(const SocHost&) = default;
    SocHost& operator=(const SocHost&) = default;
    SocHost(SocHost&&) = default;
    SocHost& operator=(SocHost&&) = default;
};

/// Fixed properties of one chip.
struct SocConfig {
    std::vector<std::uint8_t> rom; ///< boot ROM, at most MO_SOC_ROM_SIZE; empty: built-in one
    std::uint32_t board = MO_BOARD_DEVKIT_800G;
    std::uint32_t ports = 1;
    std::uint32_t keys = (1U << MO_FW_KEY_PRODUCTION) | (1U << MO_FW_KEY_DEVELOPMENT); ///< fuses
    std::uint32_t security_version = 1;                                                ///< fuses
    std::string flash_path; ///< keeps the flash; empty: in memory, erased at start
};

/// Things that happened since the Soc was made.
struct SocCounters {
    std::uint64_t instructions = 0; ///< retired
    std::uint64_t waits = 0;        ///< times that wfi stopped the core
    std::uint64_t exceptions = 0;
    std::uint64_t interrupts = 0;
    std::uint64_t resets = 0;
    std::uint64_t crashes = 0;
    std::uint64_t watchdog_expiries = 0;
    std::uint64_t mailbox_requests = 0;
    std::uint64_t mailbox_responses = 0;
    std::uint64_t host_events = 0;
    std::uint64_t link_publications = 0;
    std::uint64_t i2c_transfers = 0;
    std::uint64_t i2c_nacks = 0;
    std::uint64_t flash_erases = 0;
    std::uint64_t flash_programs = 0;
};

/// Registers of the core, for the control socket and tests.
struct CoreState {
    std::uint32_t pc = 0;
    std::array<std::uint32_t, 32> x{};
    std::uint32_t mstatus = 0;
    std::uint32_t mepc = 0;
    std::uint32_t mcause = 0;
    std::uint32_t mtval = 0;
    bool waiting = false; ///< in wfi
    bool halted = false;  ///< held in reset or crashed
};

/// Why run() returned.
enum class RunStop : std::uint8_t {
    budget,  ///< max_insns were retired; call again
    waiting, ///< wfi, or injected hang; next_run_ns() tells until when
    halted,  ///< held in reset or crashed; nothing to do until reset()
};

struct RunResult {
    RunStop stop = RunStop::halted;
    std::uint64_t instructions = 0; ///< retired in this call
    std::uint64_t end_ns = 0;       ///< device time after the last of them
};

class Soc {
  public:
    /// Time that one instruction takes: the core nominally runs at 100 MHz.
    static constexpr std::uint64_t insn_ns = 10;

    /// `host` and `phy` must outlive the Soc. The core is held in reset until power_on().
    /// @throws FatalError when the ROM is too long, or the flash file cannot be used
    Soc(const SocConfig& config, SocHost& host, Phy& phy);
    ~Soc();
    Soc(const Soc&) = delete;
    Soc& operator=(const Soc&) = delete;
    Soc(Soc&&) = delete;
    Soc& operator=(Soc&&) = delete;

    /// Power-on reset (MO_SOC_RESET_POWER, MO_SOC_BOOT_AUTO): clears all memories and the registers
    /// that other resets keep; the flash keeps its contents.
    void power_on(std::uint64_t now_ns);

    /// Resets core and peripherals and starts the ROM. `cause` is MO_SOC_RESET_*, `boot_source`
    /// MO_SOC_BOOT_*. Staged bytes, BOOT_SLOT and CRASH_* are kept.
    void reset(std::uint32_t cause, std::uint32_t boot_source, std::uint64_t now_ns);

    /// Resets and holds the core in reset until the next reset() or power_on().
    void hold(std::uint64_t now_ns);

    /// Writes what the host's DMA engine fetched to MO_SOC_STAGE_BASE + offset.
    /// @return ERANGE when it does not fit into MO_SOC_STAGE_SIZE; nothing is written then
    Result<void> stage_write(std::uint32_t offset, std::span<const std::uint8_t> bytes);

    /// Value of SYS_STAGE_LEN, cut to MO_SOC_STAGE_SIZE.
    void stage_length(std::uint32_t len);

    /// Hands a request to the firmware. The answer comes by SocHost::mailbox_done().
    /// @return false: one is under way, the state is not MO_MGMT_RUNNING, or the size is not in
    ///         sizeof(mo_mb_hdr)..MO_MB_MAX
    [[nodiscard]] bool mailbox_submit(std::span<const std::uint8_t> request);
    [[nodiscard]] bool mailbox_busy() const;

    /// Executes at most `max_insns` instructions, from `now_ns` on (or from the end of the last
    /// run, when that is later). Device time inside is the start plus insn_ns for each retired
    /// instruction, so polling loops with time-outs work in virtual time too; a caller in virtual
    /// time bounds max_insns by its next event. Returns early when the core waits.
    RunResult run(std::uint64_t now_ns, std::uint64_t max_insns);

    /// When run() has to be called next: `now_ns` if an instruction can execute, else the earliest
    /// deadline of timer, I2C, flash, watchdog or optics; UINT64_MAX when halted. To be asked again
    /// after each run(), mailbox_submit(), reset() and external change of the optics.
    [[nodiscard]] std::uint64_t next_run_ns(std::uint64_t now_ns);

    /// The core crashes now (MO_FW_ERR_INJECTED).
    void inject_crash(std::uint64_t now_ns);

    /// The firmware stops making progress, interrupts included: only its watchdog or a reset ends
    /// it.
    void inject_hang();

    [[nodiscard]] hw::mo_mgmt_state state() const;
    [[nodiscard]] hw::mo_fw_error error() const;
    [[nodiscard]] std::uint32_t heartbeat() const;   ///< SYS_HEARTBEAT
    [[nodiscard]] std::uint32_t fw_version() const;  ///< SYS_FW_VERSION, 0 when none runs
    [[nodiscard]] std::uint32_t fw_abi() const;      ///< SYS_FW_ABI, 0 when none runs
    [[nodiscard]] std::uint32_t boot_slot() const;   ///< SYS_BOOT_SLOT
    [[nodiscard]] std::uint32_t crash_pc() const;    ///< SYS_CRASH_PC
    [[nodiscard]] std::uint32_t crash_cause() const; ///< SYS_CRASH_CAUSE
    [[nodiscard]] SocCounters counters() const;
    [[nodiscard]] CoreState core() const;

    /// Contents of the flash, for the control socket and tests.
    [[nodiscard]] std::span<const std::uint8_t> flash() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace mo::mgmt
