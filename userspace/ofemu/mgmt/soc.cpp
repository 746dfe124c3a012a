// SPDX-License-Identifier: GPL-2.0-or-later
// Composition of the chip, and the loop between core, peripherals and time.
#include "mgmt/soc.hpp"

#include <algorithm>
#include <cerrno>
#include <initializer_list>

#include "mgmt/builtin_rom.hpp"
#include "mgmt/bus.hpp"
#include "mgmt/cpu.hpp"
#include "mgmt/flash.hpp"
#include "mgmt/i2c.hpp"
#include "mgmt/intc.hpp"
#include "mgmt/mac.hpp"
#include "mgmt/mailbox.hpp"
#include "mgmt/phy_block.hpp"
#include "mgmt/sensor.hpp"
#include "mgmt/sys.hpp"
#include "mgmt/timer.hpp"
#include "mgmt/watchdog.hpp"

namespace mo::mgmt {

static_assert(Soc::insn_ns == Cpu::insn_ns);

namespace {

std::vector<std::uint8_t> make_rom(const std::vector<std::uint8_t>& configured) {
    const std::span<const std::uint8_t> image =
        configured.empty() ? builtin_rom() : std::span<const std::uint8_t>(configured);
    if (image.size() > MO_SOC_ROM_SIZE) {
        throw FatalError("boot ROM has " + std::to_string(image.size()) + " bytes, more than " +
                         std::to_string(MO_SOC_ROM_SIZE));
    }
    std::vector<std::uint8_t> rom(image.begin(), image.end());
    rom.resize(MO_SOC_ROM_SIZE);
    return rom;
}

} // namespace

class Soc::Impl {
  public:
    Impl(const SocConfig& config, SocHost& host, Phy& phy);

    void power_on(std::uint64_t now_ns);
    void reset(std::uint32_t cause, std::uint32_t boot_source, std::uint64_t now_ns);
    void hold(std::uint64_t now_ns);
    RunResult run(std::uint64_t now_ns, std::uint64_t max_insns);
    std::uint64_t next_run_ns(std::uint64_t now_ns);
    void crash(hw::mo_fw_error error, std::uint32_t pc, std::uint32_t cause);

    std::vector<std::uint8_t> rom;
    std::vector<std::uint8_t> ram;
    std::vector<std::uint8_t> stage;
    Phy& phy;
    Sys sys;
    Timer timer;
    Intc intc;
    Mailbox mailbox;
    Flash flash;
    Watchdog watchdog;
    I2c i2c;
    Mac mac;
    Sensor sensor;
    PhyBlock module;
    PhyBlock serdes;
    PhyBlock laser;
    PhyBlock pcs;
    PeripheralSpace space;
    Bus bus;
    Cpu cpu;
    bool halted = true;
    bool hung = false;
    std::uint64_t clock_ns = 0;
    std::uint64_t resets = 0;
    std::uint64_t crashes = 0;
    std::uint64_t watchdog_expiries = 0;
    std::uint64_t wanted_ns = never_ns; ///< when run() had to be called again

  private:
    static Bus& connect(Impl& self);
    void reset_chip(std::uint64_t now_ns);
    void advance();
    void update_interrupts();
    [[nodiscard]] std::uint64_t deadline_ns();
    [[nodiscard]] std::uint32_t levels(std::uint64_t now_ns);
    void after_access();

    /// Those whose state changes with time.
    [[nodiscard]] std::array<Peripheral*, 4> timed() { return {&timer, &flash, &watchdog, &i2c}; }
};

Soc::Impl::Impl(const SocConfig& config, SocHost& host, Phy& the_phy)
    : rom(make_rom(config.rom)), ram(MO_SOC_RAM_SIZE), stage(MO_SOC_STAGE_SIZE), phy(the_phy),
      sys({config.board, config.ports, config.keys, config.security_version}, host),
      intc([this](std::uint64_t now_ns) { return levels(now_ns); }), mailbox(host),
      flash(config.flash_path,
            [this](std::uint32_t addr, std::uint32_t len) -> std::span<const std::uint8_t> {
                const bool allowed = addr - MO_SOC_RAM_BASE < MO_SOC_RAM_SIZE ||
                                     addr - MO_SOC_STAGE_BASE < MO_SOC_STAGE_SIZE;
                return allowed ? bus.view(addr, len) : std::span<const std::uint8_t>{};
            }),
      i2c(phy), mac(host), sensor(host), module(hw::MO_SOC_MODULE, phy),
      serdes(hw::MO_SOC_SERDES, phy), laser(hw::MO_SOC_LASER, phy), pcs(hw::MO_SOC_PCS, phy),
      cpu(connect(*this), MO_SOC_RAM_BASE) {}

/// Builds the memory map. The core may execute from ROM and RAM only: nothing that the boot ROM
/// has not copied and verified can run.
Bus& Soc::Impl::connect(Impl& self) {
    self.bus.add_memory({"rom", MO_SOC_ROM_BASE, self.rom, false, true});
    self.bus.add_memory({"ram", MO_SOC_RAM_BASE, self.ram, true, true});
    self.bus.add_memory({"flash", MO_SOC_FLASH_BASE, self.flash.memory(), false, false});
    self.bus.add_memory({"stage", MO_SOC_STAGE_BASE, self.stage, false, false});
    self.bus.add_memory(
        {"mbox request", MO_SOC_MBOX_REQ_BASE, self.mailbox.request_memory(), false, false});
    self.bus.add_memory(
        {"mbox response", MO_SOC_MBOX_RSP_BASE, self.mailbox.response_memory(), true, false});
    self.bus.add_memory({"i2c buffer", MO_SOC_I2C_BUF_BASE, self.i2c.buffer_memory(), true, false});
    self.bus.add_memory({"link block", MO_SOC_LINK_BASE, self.mac.link_memory(), true, false});
    self.bus.add_memory(
        {"optics block", MO_SOC_OPTICS_BASE, self.mac.optics_memory(), true, false});
    self.bus.add_device("peripherals", MO_SOC_PERIPH_BASE, PeripheralSpace::size, self.space);
    self.space.attach(hw::MO_SOC_SYS, self.sys);
    self.space.attach(hw::MO_SOC_TIMER, self.timer);
    self.space.attach(hw::MO_SOC_INTC, self.intc);
    self.space.attach(hw::MO_SOC_MBOX, self.mailbox);
    self.space.attach(hw::MO_SOC_FLASH, self.flash);
    self.space.attach(hw::MO_SOC_WDOG, self.watchdog);
    self.space.attach(hw::MO_SOC_I2C, self.i2c);
    self.space.attach(hw::MO_SOC_MODULE, self.module);
    self.space.attach(hw::MO_SOC_SERDES, self.serdes);
    self.space.attach(hw::MO_SOC_LASER, self.laser);
    self.space.attach(hw::MO_SOC_PCS, self.pcs);
    self.space.attach(hw::MO_SOC_MAC, self.mac);
    self.space.attach(hw::MO_SOC_SENSOR, self.sensor);
    return self.bus;
}

std::uint32_t Soc::Impl::levels(std::uint64_t now_ns) {
    constexpr std::uint32_t of_phy =
        1U << MO_SOC_IRQ_MODULE | 1U << MO_SOC_IRQ_SERDES | 1U << MO_SOC_IRQ_PCS;
    return mailbox.irq_levels(now_ns) | i2c.irq_levels(now_ns) | flash.irq_levels(now_ns) |
           (phy.irq_levels(now_ns) & of_phy);
}

void Soc::Impl::reset_chip(std::uint64_t now_ns) {
    clock_ns = std::max(clock_ns, now_ns);
    ++resets;
    cpu.reset(MO_SOC_ROM_BASE);
    for (Peripheral* block : std::initializer_list<Peripheral*>{
             &timer, &intc, &mailbox, &flash, &watchdog, &i2c, &mac, &sensor, &sys}) {
        block->reset(clock_ns);
    }
    phy.core_reset(clock_ns);
    hung = false;
}

void Soc::Impl::power_on(std::uint64_t now_ns) {
    clock_ns = std::max(clock_ns, now_ns);
    std::fill(ram.begin(), ram.end(), std::uint8_t{0});
    std::fill(stage.begin(), stage.end(), std::uint8_t{0});
    sys.power_on();
    sys.set_boot_slot(flash.boot_slot());
    reset(MO_SOC_RESET_POWER, MO_SOC_BOOT_AUTO, now_ns);
}

void Soc::Impl::reset(std::uint32_t cause, std::uint32_t boot_source, std::uint64_t now_ns) {
    sys.set_boot(cause, boot_source);
    reset_chip(now_ns);
    halted = false;
}

void Soc::Impl::hold(std::uint64_t now_ns) {
    reset_chip(now_ns);
    halted = true;
}

void Soc::Impl::crash(hw::mo_fw_error error, std::uint32_t pc, std::uint32_t cause) {
    if (halted) {
        return;
    }
    halted = true;
    ++crashes;
    sys.crash(error, pc, cause, clock_ns);
}

/// Does what is due at clock_ns.
void Soc::Impl::advance() {
    for (Peripheral* block : timed()) {
        block->advance(clock_ns);
    }
    if (watchdog.expired(clock_ns)) {
        ++watchdog_expiries;
        crash(hw::MO_FW_ERR_WATCHDOG, cpu.pc(), 0);
    }
}

void Soc::Impl::update_interrupts() {
    cpu.set_pending((timer.expired(clock_ns) ? mip_timer : 0) |
                    (intc.raised(clock_ns) ? mip_external : 0));
}

std::uint64_t Soc::Impl::deadline_ns() {
    std::uint64_t deadline = phy.next_change_ns(clock_ns);
    for (Peripheral* block : timed()) {
        deadline = std::min(deadline, block->deadline_ns(clock_ns));
    }
    return deadline;
}

/// The core has written a device register: what of it concerns the chip as a whole.
void Soc::Impl::after_access() {
    if (sys.boot_slot() != flash.boot_slot()) {
        flash.set_boot_slot(sys.boot_slot());
    }
    if (sys.take_reset_request()) {
        reset(MO_SOC_RESET_SELF, sys.boot_source(), clock_ns);
    } else if (sys.state() == hw::MO_MGMT_CRASHED) {
        halted = true;
        ++crashes;
    }
}

RunResult Soc::Impl::run(std::uint64_t now_ns, std::uint64_t max_insns) {
    clock_ns = std::max(clock_ns, now_ns);
    if (wanted_ns < clock_ns) {
        watchdog.excuse(clock_ns - wanted_ns); // a busy host is not the firmware's fault
    }
    RunResult result;
    result.stop = RunStop::budget;
    while (!halted && result.instructions < max_insns) {
        advance();
        if (halted) {
            break;
        }
        update_interrupts();
        if (hung || cpu.waiting()) {
            result.stop = RunStop::waiting;
            break;
        }
        const std::uint64_t deadline = deadline_ns();
        std::uint64_t quantum = max_insns - result.instructions;
        if (deadline != never_ns) {
            const std::uint64_t until = deadline > clock_ns ? deadline - clock_ns : 0;
            quantum =
                std::min(quantum, std::max<std::uint64_t>(1, (until + insn_ns - 1) / insn_ns));
        }
        const Cpu::RunOutcome outcome = cpu.run(clock_ns, quantum);
        result.instructions += outcome.executed;
        clock_ns += outcome.executed * insn_ns;
        if (outcome.exit == Cpu::Exit::crashed) {
            crash(hw::MO_FW_ERR_TRAP, cpu.crash().pc, cpu.crash().cause);
        } else if (outcome.exit == Cpu::Exit::attention) {
            after_access();
        }
    }
    if (halted) {
        result.stop = RunStop::halted;
    }
    result.end_ns = clock_ns;
    wanted_ns = halted ? never_ns : next_run_ns(clock_ns);
    return result;
}

std::uint64_t Soc::Impl::next_run_ns(std::uint64_t now_ns) {
    if (halted) {
        return never_ns;
    }
    clock_ns = std::max(clock_ns, now_ns);
    if (hung) {
        return watchdog.deadline_ns(clock_ns);
    }
    update_interrupts();
    if (!cpu.waiting()) {
        return now_ns;
    }
    return std::max(now_ns, deadline_ns());
}

Soc::Soc(const SocConfig& config, SocHost& host, Phy& phy)
    : impl_(std::make_unique<Impl>(config, host, phy)) {}
Soc::~Soc() = default;

void Soc::power_on(std::uint64_t now_ns) {
    impl_->power_on(now_ns);
}

void Soc::reset(std::uint32_t cause, std::uint32_t boot_source, std::uint64_t now_ns) {
    impl_->reset(cause, boot_source, now_ns);
}

void Soc::hold(std::uint64_t now_ns) {
    impl_->hold(now_ns);
}

Result<void> Soc::stage_write(std::uint32_t offset, std::span<const std::uint8_t> bytes) {
    if (offset > impl_->stage.size() || bytes.size() > impl_->stage.size() - offset) {
        return fail(ERANGE, "firmware image exceeds the staging memory");
    }
    std::copy(bytes.begin(), bytes.end(), impl_->stage.begin() + offset);
    return {};
}

void Soc::stage_length(std::uint32_t len) {
    impl_->sys.set_stage_length(std::min<std::uint32_t>(len, MO_SOC_STAGE_SIZE));
}

bool Soc::mailbox_submit(std::span<const std::uint8_t> request) {
    return !impl_->halted && state() == hw::MO_MGMT_RUNNING && impl_->mailbox.submit(request);
}

bool Soc::mailbox_busy() const {
    return impl_->mailbox.busy();
}

RunResult Soc::run(std::uint64_t now_ns, std::uint64_t max_insns) {
    return impl_->run(now_ns, max_insns);
}

std::uint64_t Soc::next_run_ns(std::uint64_t now_ns) {
    return impl_->next_run_ns(now_ns);
}

void Soc::inject_crash(std::uint64_t now_ns) {
    impl_->clock_ns = std::max(impl_->clock_ns, now_ns);
    impl_->crash(hw::MO_FW_ERR_INJECTED, impl_->cpu.pc(), 0);
}

void Soc::inject_hang() {
    impl_->hung = true;
    impl_->wanted_ns = never_ns;
}

hw::mo_mgmt_state Soc::state() const {
    return impl_->sys.state();
}
hw::mo_fw_error Soc::error() const {
    return impl_->sys.error();
}
std::uint32_t Soc::heartbeat() const {
    return impl_->sys.heartbeat();
}
std::uint32_t Soc::fw_version() const {
    return impl_->sys.fw_version();
}
std::uint32_t Soc::fw_abi() const {
    return impl_->sys.fw_abi();
}
std::uint32_t Soc::boot_slot() const {
    return impl_->sys.boot_slot();
}
std::uint32_t Soc::crash_pc() const {
    return impl_->sys.crash_pc();
}
std::uint32_t Soc::crash_cause() const {
    return impl_->sys.crash_cause();
}

SocCounters Soc::counters() const {
    SocCounters counters;
    counters.instructions = impl_->cpu.executed();
    counters.waits = impl_->cpu.waits();
    counters.exceptions = impl_->cpu.exceptions();
    counters.interrupts = impl_->cpu.interrupts();
    counters.resets = impl_->resets;
    counters.crashes = impl_->crashes;
    counters.watchdog_expiries = impl_->watchdog_expiries;
    counters.mailbox_requests = impl_->mailbox.requests();
    counters.mailbox_responses = impl_->mailbox.responses();
    counters.host_events = impl_->mailbox.events();
    counters.link_publications = impl_->mac.publications();
    counters.i2c_transfers = impl_->i2c.transfers();
    counters.i2c_nacks = impl_->i2c.nacks();
    counters.flash_erases = impl_->flash.erases();
    counters.flash_programs = impl_->flash.programs();
    return counters;
}

CoreState Soc::core() const {
    CoreState core;
    const CsrFile& csrs = impl_->cpu.csrs();
    core.pc = impl_->cpu.pc();
    for (std::size_t i = 0; i < core.x.size(); ++i) {
        core.x[i] = impl_->cpu.x(i);
    }
    core.mstatus = csrs.get(csr::mstatus);
    core.mepc = csrs.get(csr::mepc);
    core.mcause = csrs.get(csr::mcause);
    core.mtval = csrs.get(csr::mtval);
    core.waiting = impl_->cpu.waiting();
    core.halted = impl_->halted;
    return core;
}

std::span<const std::uint8_t> Soc::flash() const {
    return impl_->flash.memory();
}

} // namespace mo::mgmt
