// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/nic.hpp"

#include <algorithm>
#include <utility>

#include "common/log.hpp"

namespace mo::nic {

namespace {

constexpr std::array boards{Board{"devkit-800g", MO_BOARD_DEVKIT_800G, 8},
                            Board{"lab-400g", MO_BOARD_LAB_400G, 4}};
constexpr std::uint32_t admin_on_bit = 1, admin_halted_bit = 2;
/// Instructions of the management core in a round: about 0.1 ms when the NIC is idle otherwise.
constexpr std::uint64_t busy_insns = 2'000, idle_insns = 10'000;
constexpr std::uint8_t planes = 1;

pcie::FunctionSpec function_spec(const NicConfig& config) {
    pcie::FunctionSpec spec;
    spec.vendor_id = MO_PCI_VENDOR_ID;
    spec.device_id = MO_PCI_DEVICE_ID;
    spec.subsystem_vendor_id = MO_PCI_VENDOR_ID;
    spec.subsystem_id = MO_PCI_SUBSYS_DEVKIT;
    spec.class_code = MO_PCI_CLASS;
    spec.revision = MO_PCI_REVISION;
    spec.bars[MO_BAR_CTRL] = {MO_BAR_CTRL_SIZE, true, false};
    spec.bars[MO_BAR_DB] = {MO_BAR_DB_SIZE, true, false};
    spec.msix = config.vectors != 0;
    spec.msix_vectors = config.vectors;
    spec.msix_bar = MO_BAR_MSIX;
    spec.msix_bar_size = MO_BAR_MSIX_SIZE;
    spec.msix_table_offset = MO_MSIX_TABLE_OFFSET;
    spec.msix_pba_offset = MO_MSIX_PBA_OFFSET;
    for (const std::uint8_t octet : config.mac) { // EUI-64 from the address, zero-extended
        spec.serial_number = (spec.serial_number << 8U) | octet;
    }
    return spec;
}

NicConfig completed(NicConfig config) {
    if (config.board == nullptr) {
        config.board = &boards.front();
    }
    return config;
}

std::uint64_t join(std::uint32_t low, std::uint32_t high) noexcept {
    return (std::uint64_t{high} << 32U) | low;
}

template <std::size_t N>
void put_text(hw::__u8 (&field)[N], std::string_view text) noexcept {
    std::copy_n(text.begin(), std::min(text.size(), N - 1), std::begin(field));
}

bool is_reserved(std::uint16_t opcode) noexcept {
    constexpr std::array opcodes{
#define X(name, opcode, text) std::uint16_t{hw::MO_CMD_##name},
        MO_RESERVED_COMMANDS(X)
#undef X
    };
    return std::find(opcodes.begin(), opcodes.end(), opcode) != opcodes.end();
}

} // namespace

std::span<const Board> all_boards() {
    return boards;
}

const Board* find_board(std::string_view name) {
    const auto* const found = std::find_if(
        boards.begin(), boards.end(), [name](const Board& board) { return board.name == name; });
    return found == boards.end() ? nullptr : found;
}

Nic::Nic(const NicConfig& config, Host& host)
    : config_(completed(config)), host_(host), function_(function_spec(config_)),
      dma_(function_.dma()), doorbells_(objects_, counters_),
      queues_(objects_, dma_, *this, function_.msix(), MO_BAR_DB_SIZE / MO_DB_PAGE_SIZE),
      areas_(*this, dma_, *this), admin_(dma_, *this, function_.msix(), liar_),
      mgmt_(config_.name, *this, dma_, *this),
      registers_({config_.board->number, config_.features, 1, config_.vectors}) {
    port_.mac = config_.mac;
    function_.msix().set_twist([this] { return liar_.interrupt(); });
    wire_registers();
    function_.attach(*this);
}

Nic::~Nic() = default;

void Nic::attach(DatapathBlock& block, std::uint64_t feature) {
    blocks_.push_back({&block, feature});
}

void Nic::attach(MgmtCore& core) {
    mgmt_.attach(core);
    mgmt_.power_on(host_.now_ns());
}

void Nic::wire_registers() {
    const auto show = [this](std::uint32_t address, auto value) {
        registers_.on_read(address, [value] { return std::uint64_t{value()}; });
    };
    show(reg::DEV_STATUS, [this]() -> std::uint32_t {
        return fatal_.load() == hw::MO_FATAL_NONE ? MO_DEV_STATUS_READY
                                                  : MO_DEV_STATUS_READY | MO_DEV_STATUS_FATAL;
    });
    show(reg::DEV_FATAL, [this] { return fatal_.load(); });
    show(reg::ADMIN_STATUS, [this]() -> std::uint32_t {
        const bool halted = fatal_.load() != hw::MO_FATAL_NONE;
        return (admin_on_.load() && !halted ? admin_on_bit : 0) | (halted ? admin_halted_bit : 0);
    });
    show(reg::MGMT_STATE, [this] { return mgmt_.state(); });
    show(reg::MGMT_ERROR, [this] { return mgmt_.error(); });
    show(reg::MGMT_VERSION, [this] { return mgmt_.version(); });
    show(reg::MGMT_ABI, [this] { return mgmt_.abi(); });
    show(reg::MGMT_CRASH_PC, [this] { return mgmt_.crash_pc(); });
    show(reg::MGMT_CRASH_CAUSE, [this] { return mgmt_.crash_cause(); });

    registers_.on_write(reg::DEV_CONTROL, [this](std::uint64_t /*value*/, std::uint64_t written) {
        if ((written & MO_DEV_CONTROL_RESET) != 0) {
            const EnginePause pause(host_);
            clear_state();
        }
    });
    const auto accept = [this](std::uint64_t /*value*/, std::uint64_t /*written*/) {
        accept_written();
    };
    registers_.on_write(reg::DEV_ACCEPT_LO, accept);
    registers_.on_write(reg::DEV_ACCEPT_HI, accept);
    registers_.on_write(reg::ADMIN_CONTROL, [this](std::uint64_t value, std::uint64_t /*written*/) {
        admin_control_written(static_cast<std::uint32_t>(value));
    });
}

void Nic::accept_written() {
    const std::uint64_t wanted =
        join(registers_.get(reg::DEV_ACCEPT_LO), registers_.get(reg::DEV_ACCEPT_HI));
    if ((wanted & ~config_.features) != 0) {
        const EnginePause pause(host_);
        fatal(hw::MO_FATAL_FEATURES);
    }
}

void Nic::admin_control_written(std::uint32_t value) {
    const bool on = (value & admin_on_bit) != 0;
    if (on == admin_on_.load() || fatal_.load() != hw::MO_FATAL_NONE) {
        return;
    }
    const EnginePause pause(host_);
    if (!on) {
        admin_.stop();
        admin_on_.store(false);
        return;
    }
    const auto get = [this](std::uint32_t address) { return registers_.get(address); };
    const AdminConfig config{join(get(reg::ADMIN_SQ_LO), get(reg::ADMIN_SQ_HI)),
                             join(get(reg::ADMIN_CQ_LO), get(reg::ADMIN_CQ_HI)),
                             join(get(reg::ADMIN_DB_LO), get(reg::ADMIN_DB_HI)),
                             get(reg::ADMIN_SIZE), get(reg::ADMIN_VECTOR)};
    features_ = join(get(reg::DEV_ACCEPT_LO), get(reg::DEV_ACCEPT_HI));
    accepted_.store(features_);
    if (!admin_.start(config, shadow_doorbells())) {
        fatal(hw::MO_FATAL_ADMIN_CONFIG);
        return;
    }
    admin_on_.store(true);
}

std::uint64_t Nic::bar_read(unsigned bar, std::uint64_t offset, unsigned size) {
    return bar == MO_BAR_CTRL ? registers_.read(offset, size) : 0;
}

void Nic::bar_write(unsigned bar, std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (bar == MO_BAR_CTRL) {
        registers_.write(offset, size, value);
    } else if (bar == MO_BAR_DB && doorbells_.write(offset, size, value)) {
        wake_unless_batching();
    }
}

void Nic::wake_unless_batching() {
    if (in_batch_) {
        noted_in_batch_ = true;
    } else {
        host_.wake();
    }
}

void Nic::end_batch(bool idle) {
    in_batch_ = false;
    if (!std::exchange(noted_in_batch_, false)) {
        return;
    }
    if (idle) {
        host_.serve();
    } else {
        host_.wake();
    }
}

void Nic::reset(pcie::ResetKind kind) {
    const EnginePause pause(host_);
    clear_state();
    // A host that has ended, or a card that is plugged in anew, is one without power until now.
    if (kind == pcie::ResetKind::connection_lost || kind == pcie::ResetKind::plugged_in) {
        mgmt_.power_on(host_.now_ns());
    }
    gone_.store(!function_.present());
    log::print(log::Level::debug, "%s: %s reset", name().c_str(), pcie::name_of(kind));
}

// The one reset: of the function domain. The engine is paused, so no DMA is in flight and no
// section is open.
void Nic::clear_state() {
    counters_.resets.add();
    admin_.stop();
    admin_on_.store(false);
    queues_.clear();
    for (const AttachedBlock& attached : blocks_) {
        attached.block->reset();
    }
    objects_.clear();
    doorbells_.clear();
    areas_.clear();
    registers_.reset();
    features_ = 0;
    accepted_.store(0);
    fatal_.store(hw::MO_FATAL_NONE);
    last_words_ = false;
    mgmt_.function_reset();
    dma_.end_round();
}

void Nic::bus_master_changed(bool enabled) {
    if (enabled) {
        host_.wake();
    }
}

void Nic::dma_unmapping(std::uint64_t iova, std::uint64_t size) {
    const EnginePause pause(host_);
    for (const AttachedBlock& attached : blocks_) {
        attached.block->dma_unmapping(iova, size);
    }
    dma_.end_round();
}

void Nic::set_gone(bool gone) noexcept {
    // A card that is back stays gone for the engine until it has been reset: the memory that the
    // old one knew belongs to others by now.
    function_.set_present(!gone);
    if (gone) {
        gone_.store(true);
        function_.msix().set_enabled(false);
    }
    host_.wake();
}

bool Nic::may_work() {
    return fatal_.load(std::memory_order_relaxed) == hw::MO_FATAL_NONE &&
           !gone_.load(std::memory_order_relaxed) && dma_.allowed();
}

bool Nic::poll(std::uint64_t now_ns, unsigned budget) {
    now_ns_ = now_ns;
    bool worked = false;
    if (may_work()) {
        worked = doorbells_.drain(
            [this](std::uint32_t tail) { admin_.doorbell(tail); },
            [this](hw::mo_doorbell kind, std::uint32_t object, std::uint32_t index) {
                const auto owner = objects_.owner(object);
                if (!owner) {
                    return;
                }
                if (*owner == ObjectTable::core) {
                    queues_.doorbell(kind, object, now_ns_);
                } else {
                    blocks_[*owner - 1U].block->doorbell(kind, object, index);
                }
            });
        for (const AttachedBlock& attached : blocks_) {
            worked |= attached.block->poll(now_ns, budget);
        }
    }
    return worked;
}

bool Nic::poll_background(std::uint64_t now_ns, bool busy) {
    bool worked = may_work() && admin_.poll(*this);
    worked |= mgmt_.poll(now_ns, busy || worked ? busy_insns : idle_insns, may_work());
    if (may_work()) {
        worked |= areas_.poll(now_ns);
    }
    return worked;
}

void Nic::finish_round(std::uint64_t now_ns) {
    if (may_work()) {
        for (const AttachedBlock& attached : blocks_) {
            attached.block->finish_round(now_ns);
        }
    }
    if (may_work() || std::exchange(last_words_, false)) {
        (void)queues_.flush(now_ns);
        admin_.flush();
    }
}

void Nic::stalled(std::uint64_t gap_ns) {
    for (const AttachedBlock& attached : blocks_) {
        attached.block->stalled(gap_ns);
    }
}

void Nic::publish_events() {
    if (may_work() && shadow_doorbells()) {
        admin_.publish_event();
        for (const AttachedBlock& attached : blocks_) {
            attached.block->publish_events();
        }
    }
}

bool Nic::work_arrived() {
    if (!may_work()) {
        return false;
    }
    bool arrived = doorbells_.pending();
    arrived |= admin_.work_arrived();
    for (const AttachedBlock& attached : blocks_) {
        arrived |= attached.block->work_arrived();
    }
    return arrived;
}

std::uint64_t Nic::next_deadline_ns(std::uint64_t now_ns) {
    std::uint64_t next = mgmt_.next_deadline_ns(now_ns);
    if (may_work()) {
        next = std::min({next, queues_.next_deadline_ns(), areas_.next_deadline_ns()});
        for (const AttachedBlock& attached : blocks_) {
            next = std::min(next, attached.block->next_deadline_ns());
        }
    }
    return next;
}

std::optional<std::uint32_t> Nic::create_object(hw::mo_doorbell doorbell, std::uint32_t db_page) {
    // Blocks make objects inside of execute() only: the block in question is the executing one.
    return db_page < db_pages() ? objects_.create(doorbell, db_page, executing_) : std::nullopt;
}

std::uint32_t Nic::db_pages() const {
    return MO_BAR_DB_SIZE / MO_DB_PAGE_SIZE;
}

const PortState& Nic::port(std::uint8_t /*number*/) const {
    return port_;
}

void Nic::queue_error(std::uint32_t object, std::uint8_t port, hw::mo_queue_error why) {
    counters_.queue_errors.add();
    hw::mo_eqe event{};
    event.type = hw::MO_EVENT_QUEUE_ERROR;
    event.port = port;
    event.code = static_cast<std::uint16_t>(why);
    event.object = object;
    async_event(event);
}

void Nic::completion_event(std::uint32_t eq, std::uint32_t cq) {
    hw::mo_eqe event{};
    event.type = hw::MO_EVENT_COMP;
    event.object = cq;
    EventQueue* const queue = queues_.eq(eq);
    if (queue == nullptr || !queues_.post_event(*queue, event)) {
        counters_.events_lost.add();
    }
}

void Nic::async_event(const hw::mo_eqe& event) {
    EventQueue* const queue = queues_.async_eq();
    if (queue == nullptr || !queues_.post_event(*queue, event)) {
        counters_.events_lost.add();
    }
}

void Nic::report_dma_fault(std::uint32_t object, const pcie::DmaFault& fault) {
    if (fault.reason == pcie::DmaFaultReason::bus_master) {
        return; // the driver switched it off; nobody is at fault
    }
    counters_.dma_faults.add();
    static log::RateLimit limit(8, std::chrono::seconds(1));
    if (limit.admit(monotonic_now())) {
        log::print(log::Level::warning, "%s: DMA %s at 0x%llx refused (%s), object 0x%x",
                   name().c_str(), fault.write ? "write" : "read",
                   static_cast<unsigned long long>(fault.iova), pcie::name_of(fault.reason),
                   object);
    }
    hw::mo_eqe event{};
    event.type = hw::MO_EVENT_DMA_FAULT;
    event.object = object;
    async_event(event);
    areas_.changed(hw::MO_AREA_HEALTH);
}

void Nic::fatal(hw::mo_fatal why) {
    std::uint32_t none = hw::MO_FATAL_NONE;
    if (!fatal_.compare_exchange_strong(none, static_cast<std::uint32_t>(why))) {
        return;
    }
    log::print(log::Level::warning, "%s: stopped: fatal error %u", name().c_str(),
               static_cast<unsigned>(why));
    hw::mo_eqe event{};
    event.type = hw::MO_EVENT_FATAL;
    event.code = static_cast<std::uint16_t>(why);
    async_event(event);
    last_words_ = true;
}

AdminAnswer Nic::execute(const hw::mo_cmd_desc& desc, const AdminTag& tag, AdminResult result) {
    const auto& reserved = desc.hdr.rsvd;
    if (std::any_of(std::begin(reserved), std::end(reserved),
                    [](auto byte) { return byte != 0; })) {
        return hw::MO_ST_RESERVED;
    }
    if (desc.hdr.port != 0) {
        return hw::MO_ST_BAD_PORT;
    }
    if (desc.hdr.plane >= planes) {
        return hw::MO_ST_BAD_PLANE;
    }
    const std::uint16_t opcode = desc.hdr.opcode;
    if (const AdminCommand* const command = find_admin_command(opcode); command != nullptr) {
        AdminContext context{dma_,       *this,     queues_, areas_, mgmt_,
                             identity(), features_, now_ns_, tag};
        return run_admin_command(*command, context, desc, result);
    }
    if (is_reserved(opcode)) {
        return hw::MO_ST_UNSUPPORTED;
    }
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        if (blocks_[i].block->handles(opcode)) {
            if ((features_ & blocks_[i].feature) == 0) {
                return hw::MO_ST_NO_FEATURE;
            }
            executing_ = static_cast<ObjectTable::Owner>(i + 1);
            const auto status = blocks_[i].block->command(desc, result, now_ns_);
            executing_ = ObjectTable::core;
            return status;
        }
    }
    return hw::MO_ST_BAD_OPCODE;
}

hw::mo_identify Nic::identity() const {
    hw::mo_identify out{};
    out.features = config_.features;
    out.max_eq = std::min<std::uint32_t>(max_eq, config_.vectors);
    out.max_cq = max_cq;
    out.max_vectors = config_.vectors;
    out.queue_max_log = MO_QUEUE_MAX_LOG;
    out.ports = 1;
    out.planes = planes;
    out.lanes = config_.board->lanes;
    out.board = static_cast<std::uint8_t>(config_.board->number);
    std::copy(config_.mac.begin(), config_.mac.end(), std::begin(out.mac[0]));
    put_text(out.serial, config_.serial);
    put_text(out.board_name, config_.board->name + std::string(config_.ideal_port ? "-ideal" : ""));
    for (const AttachedBlock& attached : blocks_) {
        attached.block->identify(out);
    }
    return out;
}

void Nic::fill_link(std::uint8_t port, hw::mo_link_state& out, std::uint64_t /*now_ns*/) {
    out = mgmt_.link();
    out.port = port;
}

void Nic::fill_optics(std::uint8_t /*port*/, hw::mo_optics& out, std::uint64_t /*now_ns*/) {
    out = mgmt_.optics();
}

void Nic::fill_health(hw::mo_health& out, std::uint64_t now_ns) {
    out.mgmt_state = static_cast<std::uint8_t>(mgmt_.state());
    out.mgmt_error = static_cast<std::uint8_t>(mgmt_.error());
    out.heartbeat = mgmt_.heartbeat();
    out.time_ns = now_ns;
    out.dma_faults = counters_.dma_faults.value();
}

void Nic::fill_stats(std::uint8_t port, hw::mo_port_stats& out, std::uint64_t now_ns) {
    out.time_ns = now_ns;
    for (const AttachedBlock& attached : blocks_) {
        attached.block->read_stats(port, out);
    }
}

void Nic::fill_rdma_stats(std::uint8_t port, hw::mo_rdma_stats& out, std::uint64_t now_ns) {
    out.time_ns = now_ns;
    for (const AttachedBlock& attached : blocks_) {
        attached.block->read_rdma_stats(port, out);
    }
}

void Nic::complete_admin(const AdminTag& tag, hw::mo_status status, AdminResult result) {
    admin_.complete(tag, status, result);
}

void Nic::mac_gate_changed(bool receive, bool transmit, std::uint32_t speed_mbps) {
    port_.receive = receive;
    port_.transmit = transmit;
    port_.speed_mbps = speed_mbps;
    for (const AttachedBlock& attached : blocks_) {
        attached.block->port_changed(0, host_.now_ns());
    }
}

void Nic::link_changed() {
    areas_.changed(hw::MO_AREA_LINK);
    areas_.changed(hw::MO_AREA_OPTICS);
    if (may_work()) {
        (void)areas_.poll(now_ns_); // the area first, then the event
    }
    hw::mo_eqe event{};
    event.type = hw::MO_EVENT_LINK;
    async_event(event);
}

void Nic::optics_changed() {
    areas_.changed(hw::MO_AREA_OPTICS);
    if (may_work()) {
        (void)areas_.poll(now_ns_); // before the answer to what changed it
    }
}

mgmt::SensorValues Nic::read_sensors(std::uint64_t now_ns) {
    return sensors_ ? sensors_(now_ns) : mgmt::SensorValues{};
}

} // namespace mo::nic
