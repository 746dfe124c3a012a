// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/mgmt_bridge.hpp"

#include <algorithm>
#include <cstring>

#include "common/log.hpp"
#include "nic/counters.hpp"
#include "nic/dma_access.hpp"
#include "nic/event_sink.hpp"

namespace mo::nic {

namespace {

/// The core's time may run so far ahead of the device's: an interpreter is faster than 100 MHz.
constexpr std::uint64_t lead_ns = 1'000'000;
constexpr std::uint64_t never = ~std::uint64_t{0};
constexpr std::size_t log_line_limit = 200;

} // namespace

MgmtBridge::MgmtBridge(std::string name, MgmtBridgeHost& host, DmaAccess& dma, EventSink& events)
    : name_(std::move(name)), host_(host), dma_(dma), events_(events), queue_(queue_capacity) {
    link_.reason = hw::MO_REASON_FW_DEAD;
    link_.last_reason = hw::MO_REASON_NONE;
    log_line_.reserve(log_line_limit);
}

void MgmtBridge::power_on(std::uint64_t now_ns) {
    if (core_ == nullptr) {
        return;
    }
    busy_ = Busy::no;
    core_time_ns_ = 0;
    core_->power_on(now_ns);
    refresh();
}

hw::mo_status MgmtBridge::load(const hw::mo_cmd_fw_load& body) {
    const std::uint32_t length = body.len, offset = body.offset, total = body.total;
    if (body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    if (total == 0 || total > MO_SOC_STAGE_SIZE || length == 0 || offset > total ||
        length > total - offset) {
        return hw::MO_ST_BAD_PARAM;
    }
    if (core_ == nullptr) {
        return hw::MO_ST_NO_FEATURE;
    }
    if (state() == hw::MO_MGMT_VERIFY) {
        return hw::MO_ST_BAD_STATE; // the ROM reads the stage now
    }
    if (offset == 0) {
        staged_ = 0;
        core_->stage_length(0);
    }
    for (std::uint32_t done = 0; done < length;) {
        const auto part =
            std::span(piece_).first(std::min<std::size_t>(piece_.size(), length - done));
        const auto fetched = dma_->read(body.addr + done, std::as_writable_bytes(part));
        if (!fetched) {
            events_.report_dma_fault(0, fetched.error());
            return hw::MO_ST_DMA_FAULT;
        }
        if (!core_->stage_write(offset + done, part)) {
            return hw::MO_ST_BAD_PARAM;
        }
        done += static_cast<std::uint32_t>(part.size());
    }
    staged_ = std::max(staged_, offset + length);
    core_->stage_length(staged_);
    return hw::MO_ST_OK;
}

hw::mo_status MgmtBridge::start(const hw::mo_cmd_fw_start& body, std::uint64_t now_ns) {
    struct Source {
        std::uint32_t host, soc;
    };
    constexpr std::array sources{Source{MO_FW_START_FLASH, MO_SOC_BOOT_AUTO},
                                 Source{MO_FW_START_HALT, MO_SOC_BOOT_WAIT},
                                 Source{MO_FW_START_STAGE, MO_SOC_BOOT_STAGE}};
    if (body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    const auto* const source = std::find_if(
        sources.begin(), sources.end(), [&](const Source& row) { return row.host == body.source; });
    if (source == sources.end()) {
        return hw::MO_ST_BAD_PARAM;
    }
    if (core_ == nullptr) {
        return hw::MO_ST_NO_FEATURE;
    }
    core_->reset(MO_SOC_RESET_HOST, source->soc, now_ns);
    refresh();
    return hw::MO_ST_OK;
}

AdminAnswer MgmtBridge::message(const hw::mo_cmd_mgmt& body, const AdminTag& tag) {
    if (body.req_len < sizeof(hw::mo_mb_hdr) || body.req_len > MO_MB_MAX ||
        body.rsp_len > MO_MB_MAX) {
        return hw::MO_ST_BAD_PARAM;
    }
    if (state() != hw::MO_MGMT_RUNNING) {
        return hw::MO_ST_MGMT_DOWN;
    }
    if (queue_count_ == queue_.size()) {
        return hw::MO_ST_NO_RESOURCE;
    }
    queue_[(queue_head_ + queue_count_) % queue_.size()] = {body, tag};
    ++queue_count_;
    return std::nullopt;
}

bool MgmtBridge::submit(const Message& message) {
    const auto bytes = std::span(request_).first(message.body.req_len);
    const auto fetched = dma_->read(message.body.req, std::as_writable_bytes(bytes));
    if (!fetched) {
        events_.report_dma_fault(0, fetched.error());
        finish(message.tag, hw::MO_ST_DMA_FAULT);
        return false;
    }
    if (!core_->mailbox_submit(bytes)) {
        finish(message.tag, hw::MO_ST_MGMT_DOWN);
        return false;
    }
    current_ = message;
    events_.event_counters().mgmt_requests.add();
    return true;
}

void MgmtBridge::submit_next(bool dma_allowed) {
    while (busy_ == Busy::no && queue_count_ != 0 && dma_allowed) {
        const Message message = queue_[queue_head_];
        queue_head_ = (queue_head_ + 1) % queue_.size();
        --queue_count_;
        if (submit(message)) {
            busy_ = Busy::host;
        }
    }
}

bool MgmtBridge::poll(std::uint64_t now_ns, std::uint64_t max_insns, bool dma_allowed) {
    if (core_ == nullptr) {
        return false;
    }
    submit_next(dma_allowed);
    if (now_ns + lead_ns < core_time_ns_ || core_->next_run_ns(now_ns) > now_ns) {
        return false;
    }
    const mgmt::RunResult result = core_->run(now_ns, max_insns);
    core_time_ns_ = result.end_ns;
    refresh();
    submit_next(dma_allowed);
    return result.instructions != 0;
}

std::uint64_t MgmtBridge::next_deadline_ns(std::uint64_t now_ns) const {
    if (core_ == nullptr) {
        return never;
    }
    const std::uint64_t next = core_->next_run_ns(now_ns);
    if (next == never || core_time_ns_ < lead_ns) {
        return next;
    }
    return std::max(next, core_time_ns_ - lead_ns);
}

void MgmtBridge::function_reset() {
    queue_count_ = 0;
    if (busy_ == Busy::host) {
        busy_ = Busy::orphan;
    }
    staged_ = 0;
    if (core_ != nullptr) {
        core_->stage_length(0);
    }
}

void MgmtBridge::finish(const AdminTag& tag, hw::mo_status status, std::uint32_t written) {
    std::array<std::byte, admin_result_size> result{};
    if (status == hw::MO_ST_OK) {
        put_result(result, hw::mo_res_mgmt{written});
    }
    host_.complete_admin(tag, status, result);
}

void MgmtBridge::fail_all(hw::mo_status in_flight) {
    const Busy was = busy_;
    busy_ = Busy::no;
    if (was == Busy::host) {
        finish(current_.tag, in_flight);
    }
    while (queue_count_ != 0) {
        const AdminTag tag = queue_[queue_head_].tag;
        queue_head_ = (queue_head_ + 1) % queue_.size();
        --queue_count_;
        finish(tag, hw::MO_ST_MGMT_DOWN);
    }
}

void MgmtBridge::refresh() {
    const MgmtSnapshot now = core_->snapshot();
    version_.store(now.version, relaxed);
    abi_.store(now.abi, relaxed);
    crash_pc_.store(now.crash_pc, relaxed);
    crash_cause_.store(now.crash_cause, relaxed);
    heartbeat_.store(now.heartbeat, relaxed);
}

void MgmtBridge::mgmt_state(hw::mo_mgmt_state state, hw::mo_fw_error error, std::uint64_t now_ns) {
    const bool same = state_.load(relaxed) == static_cast<std::uint32_t>(state) &&
                      error_.load(relaxed) == static_cast<std::uint32_t>(error);
    state_.store(static_cast<std::uint32_t>(state), relaxed);
    error_.store(static_cast<std::uint32_t>(error), relaxed);
    if (state == hw::MO_MGMT_CRASHED) {
        fail_all(hw::MO_ST_MGMT_CRASHED);
    } else if (state != hw::MO_MGMT_RUNNING) {
        fail_all(hw::MO_ST_ABORTED);
        lose_link(now_ns);
    }
    if (same) {
        return;
    }
    hw::mo_eqe event{};
    event.type = hw::MO_EVENT_MGMT;
    event.code = static_cast<std::uint16_t>(state);
    event.data = static_cast<std::uint32_t>(error);
    events_.async_event(event);
    host_.health_changed();
}

void MgmtBridge::mailbox_done(std::span<const std::uint8_t> response) {
    const Busy was = busy_;
    busy_ = Busy::no;
    if (was != Busy::host) {
        return;
    }
    const auto bytes = std::as_bytes(
        response.first(std::min<std::size_t>(response.size(), current_.body.rsp_len)));
    if (!bytes.empty()) {
        const auto written = dma_->write(current_.body.rsp, bytes);
        if (!written) {
            events_.report_dma_fault(0, written.error());
            finish(current_.tag, hw::MO_ST_DMA_FAULT);
            return;
        }
    }
    finish(current_.tag, hw::MO_ST_OK, static_cast<std::uint32_t>(bytes.size()));
}

void MgmtBridge::host_event(std::uint8_t type, std::uint8_t code, std::uint16_t data) {
    // The firmware may report what it owns and nothing else.
    constexpr std::array own{hw::MO_EVENT_LINK, hw::MO_EVENT_MODULE, hw::MO_EVENT_THERMAL,
                             hw::MO_EVENT_LANE, hw::MO_EVENT_FLASH};
    if (std::find(own.begin(), own.end(), static_cast<hw::mo_event>(type)) == own.end()) {
        return;
    }
    hw::mo_eqe event{};
    event.type = type;
    event.code = code;
    event.data = data;
    events_.async_event(event);
}

void MgmtBridge::publish_link(std::span<const std::uint8_t> state) {
    if (state.size() != sizeof(link_)) {
        return;
    }
    std::memcpy(static_cast<void*>(&link_), state.data(), sizeof(link_));
    host_.link_changed();
}

void MgmtBridge::publish_optics(std::span<const std::uint8_t> block) {
    if (block.size() != sizeof(optics_)) {
        return;
    }
    std::memcpy(static_cast<void*>(&optics_), block.data(), sizeof(optics_));
    host_.optics_changed();
}

// A core that was reset publishes nothing, and the reset has closed the gate.
void MgmtBridge::lose_link(std::uint64_t now_ns) {
    if (optics_.time_ns != 0) {
        optics_ = {};
        host_.optics_changed();
    }
    if (link_.reason == hw::MO_REASON_FW_DEAD) {
        return;
    }
    const bool carrier = link_.carrier != 0;
    hw::mo_link_state down{};
    down.port = link_.port;
    down.speed_mbps = link_.speed_mbps;
    down.mode = link_.mode;
    down.lanes = link_.lanes;
    down.fsm = hw::MO_LINK_OFF;
    down.reason = hw::MO_REASON_FW_DEAD;
    down.last_reason = carrier ? std::uint16_t{hw::MO_REASON_FW_DEAD} : link_.last_reason.value();
    down.down_count = link_.down_count + (carrier ? 1U : 0U);
    down.changed_ns = carrier ? now_ns : link_.changed_ns.value();
    link_ = down;
    host_.link_changed();
}

void MgmtBridge::mac_gate(bool receive, bool transmit, std::uint32_t speed_mbps) {
    host_.mac_gate_changed(receive, transmit, speed_mbps);
}

void MgmtBridge::log_char(char c) {
    if (c != '\n' && log_line_.size() < log_line_limit) {
        log_line_.push_back(c);
        return;
    }
    log::print(log::Level::debug, "%s: firmware: %s", name_.c_str(), log_line_.c_str());
    log_line_.clear();
    if (c != '\n') {
        log_line_.push_back(c);
    }
}

mgmt::SensorValues MgmtBridge::sensors(std::uint64_t now_ns) {
    return host_.read_sensors(now_ns);
}

} // namespace mo::nic
