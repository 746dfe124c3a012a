// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/ideal_core.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

namespace mo::nic {

namespace {

using enum hw::mo_fec_mode; // what MO_RATE_FEC_* are made of

constexpr std::uint64_t never = ~std::uint64_t{0};
constexpr std::uint64_t beat_ns = std::uint64_t{MO_OPTICS_PERIOD_MS} * 1'000'000;
constexpr std::uint8_t all_fec =
    hw::MO_FEC_OFF | hw::MO_FEC_BASER | hw::MO_FEC_RS528 | hw::MO_FEC_RS544 | hw::MO_FEC_AUTO;
constexpr std::uint32_t known_masks = MO_LINK_SET_ADMIN | MO_LINK_SET_MODES | MO_LINK_SET_FEC;

struct Mode {
    std::uint32_t bit, mbps;
    unsigned lanes;
    std::uint8_t usual_fec, possible_fec;
};
constexpr std::array modes{
#define X(name, bit, mbps, lanes, rate, fec)                                                       \
    Mode{hw::MO_LM_##name, mbps, lanes, hw::MO_FEC_##fec, MO_RATE_FEC_##rate},
    MO_LINK_MODES(X)
#undef X
};

/// The strongest of what is wanted; 0: the mode allows none of it.
std::uint8_t choose_fec(const Mode& mode, std::uint8_t wanted) {
    if ((wanted & hw::MO_FEC_AUTO) != 0) {
        return mode.usual_fec;
    }
    constexpr std::array<std::uint8_t, 4> strongest_first{MO_FEC_RS544, MO_FEC_RS528, MO_FEC_BASER,
                                                          MO_FEC_OFF};
    for (const std::uint8_t fec : strongest_first) {
        if ((wanted & mode.possible_fec & fec) != 0) {
            return fec;
        }
    }
    return 0;
}

/// The fastest of what is wanted that has a FEC that is wanted.
const Mode* choose_mode(std::uint32_t wanted, std::uint8_t fec) {
    const Mode* best = nullptr;
    for (const Mode& mode : modes) {
        if ((wanted & mode.bit) != 0 && choose_fec(mode, fec) != 0 &&
            (best == nullptr || mode.mbps > best->mbps)) {
            best = &mode;
        }
    }
    return best;
}

std::uint32_t modes_of(unsigned lanes) {
    std::uint32_t mask = 0;
    for (const Mode& mode : modes) {
        mask |= mode.lanes <= lanes ? mode.bit : 0;
    }
    return mask;
}

/// A body without content is not sent.
template <typename Body>
constexpr std::uint16_t size_on_the_wire = std::is_same_v<Body, hw::mo_mb_none> ? 0 : sizeof(Body);

struct Command {
    hw::mo_mb_cmd code;
    std::uint16_t request, response;
};
constexpr std::array commands{
#define X(name, code, req, rsp, text)                                                              \
    Command{hw::MO_MB_##name, size_on_the_wire<hw::req>, size_on_the_wire<hw::rsp>},
    MO_MB_COMMANDS(X)
#undef X
};

template <typename Body>
Body taken(std::span<const std::uint8_t> in) {
    Body body;
    std::memcpy(static_cast<void*>(&body), in.data(), sizeof(body));
    return body;
}

template <typename Body>
hw::mo_mb_status put(std::span<std::uint8_t> out, const Body& body) {
    std::memcpy(out.data(), &body, sizeof(body));
    return hw::MO_MB_OK;
}

template <typename Body>
std::span<const std::uint8_t> bytes_of(const Body& body) {
    return {reinterpret_cast<const std::uint8_t*>(&body), sizeof(body)};
}

} // namespace

IdealCore::IdealCore(std::uint32_t board, unsigned lanes, mgmt::SocHost& host)
    : board_(board), lanes_(lanes), host_(host) {}

void IdealCore::set_state(hw::mo_mgmt_state state, hw::mo_fw_error error, std::uint64_t now_ns) {
    state_ = state;
    host_.mgmt_state(state, error, now_ns);
}

void IdealCore::put_on_line(const Signal& signal) {
    if (send(signal)) {
        unsettled_ = true;
    }
}

void IdealCore::see(const Signal& received, bool seen) {
    unsettled_ |= !(received == received_) || seen != seen_;
    received_ = received;
    seen_ = seen;
}

void IdealCore::start_over(std::uint64_t now_ns) {
    request_.clear();
    heartbeat_ = 0;
    recorder_.clear();
    next_record_ = 1;
    want_modes_ = modes_of(lanes_);
    want_fec_ = hw::MO_FEC_AUTO;
    link_ = {};
    link_.reason = hw::MO_REASON_ADMIN_DOWN;
    put_on_line({});
    host_.mac_gate(false, false, 0);
    set_state(hw::MO_MGMT_RESET, hw::MO_FW_ERR_NONE, now_ns);
}

void IdealCore::power_on(std::uint64_t now_ns) {
    reset(MO_SOC_RESET_POWER, MO_SOC_BOOT_AUTO, now_ns);
}

void IdealCore::reset(std::uint32_t /*cause*/, std::uint32_t boot_source, std::uint64_t now_ns) {
    start_over(now_ns);
    switch (boot_source) {
    case MO_SOC_BOOT_AUTO:
        choose();
        unsettled_ = true;
        next_beat_ns_ = now_ns;
        set_state(hw::MO_MGMT_RUNNING, hw::MO_FW_ERR_NONE, now_ns);
        break;
    case MO_SOC_BOOT_STAGE: // nothing could run it
        set_state(hw::MO_MGMT_REJECTED, hw::MO_FW_ERR_BOARD, now_ns);
        break;
    default:
        set_state(hw::MO_MGMT_ROM, hw::MO_FW_ERR_NONE, now_ns);
        break;
    }
}

Result<void> IdealCore::stage_write(std::uint32_t offset, std::span<const std::uint8_t> bytes) {
    if (offset > MO_SOC_STAGE_SIZE || bytes.size() > MO_SOC_STAGE_SIZE - offset) {
        return fail(ERANGE, "the image does not fit");
    }
    return {}; // it is refused when somebody wants it started
}

bool IdealCore::mailbox_submit(std::span<const std::uint8_t> request) {
    if (state_ != hw::MO_MGMT_RUNNING || !request_.empty() ||
        request.size() < sizeof(hw::mo_mb_hdr) || request.size() > MO_MB_MAX) {
        return false;
    }
    request_.assign(request.begin(), request.end());
    return true;
}

std::uint64_t IdealCore::next_run_ns(std::uint64_t now_ns) {
    if (state_ != hw::MO_MGMT_RUNNING) {
        return never;
    }
    return !request_.empty() || unsettled_ ? now_ns : next_beat_ns_;
}

mgmt::RunResult IdealCore::run(std::uint64_t now_ns, std::uint64_t /*max_insns*/) {
    if (state_ != hw::MO_MGMT_RUNNING) {
        return {mgmt::RunStop::halted, 0, now_ns};
    }
    if (unsettled_) {
        settle(now_ns);
    }
    if (!request_.empty()) {
        answer(now_ns);
    }
    if (now_ns >= next_beat_ns_) {
        next_beat_ns_ = now_ns + beat_ns;
        ++heartbeat_;
        publish_optics(now_ns);
    }
    return {mgmt::RunStop::waiting, 0, now_ns};
}

MgmtSnapshot IdealCore::snapshot() const {
    MgmtSnapshot out;
    if (state_ == hw::MO_MGMT_RUNNING) {
        out.version = ideal_version;
        out.abi = (std::uint32_t{MO_FW_ABI_MAJOR} << 16U) | MO_FW_ABI_MINOR;
    }
    out.heartbeat = heartbeat_;
    return out;
}

/// Mode and FEC of what is wanted, and sends so if it sends.
void IdealCore::choose() {
    const Mode& mode = *choose_mode(want_modes_, want_fec_); // set_link() takes no other
    link_.mode = mode.bit;
    link_.speed_mbps = mode.mbps;
    link_.lanes = static_cast<std::uint8_t>(mode.lanes);
    link_.fec = choose_fec(mode, want_fec_);
    link_.fec_request = want_fec_;
    put_on_line(link_.admin_up != 0 ? Signal{true, mode.bit, link_.fec} : Signal{});
}

/// The link's state follows from what is sent and what arrives.
void IdealCore::settle(std::uint64_t now_ns) {
    unsettled_ = false;
    const bool light = sent().light && received_.light;
    const bool understood = light && received_ == sent();
    struct Outcome {
        std::uint8_t fsm;
        std::uint16_t reason;
    };
    const Outcome outcome = !sent().light ? Outcome{hw::MO_LINK_OFF, hw::MO_REASON_ADMIN_DOWN}
                            : !light      ? Outcome{hw::MO_LINK_WAIT_LIGHT, hw::MO_REASON_NO_LIGHT}
                            : !understood
                                ? Outcome{hw::MO_LINK_WAIT_ALIGN, hw::MO_REASON_FEC_MISMATCH}
                            : !seen_ ? Outcome{hw::MO_LINK_WAIT_PEER, hw::MO_REASON_REMOTE_FAULT}
                                     : Outcome{hw::MO_LINK_UP, hw::MO_REASON_NONE};
    const bool up = outcome.fsm == hw::MO_LINK_UP;
    const std::uint8_t before = link_.fsm;
    if (up != (link_.carrier != 0)) {
        link_.carrier = up ? 1 : 0;
        link_.changed_ns = now_ns;
        if (!up) {
            link_.down_count = link_.down_count + 1U;
            link_.last_reason = outcome.reason;
        }
        host_.mac_gate(up, up, link_.speed_mbps);
    }
    link_.fsm = outcome.fsm;
    link_.reason = outcome.reason;
    link_.lanes_ok = light ? (1U << link_.lanes) - 1U : 0U;
    if (link_.fsm != before) {
        record(before, now_ns);
    }
    publish_optics(now_ns); // whom the news makes look finds what belongs to it
    host_.publish_link(bytes_of(link_));
}

void IdealCore::record(std::uint8_t from, std::uint64_t now_ns) {
    hw::mo_mb_record entry{};
    entry.seq = next_record_++;
    entry.time_ns = now_ns;
    entry.from = from;
    entry.to = link_.fsm;
    entry.machine = MO_RECORD_LINK;
    entry.reason = link_.reason;
    recorder_.push_back(entry);
    if (recorder_.size() > recorder_depth) {
        recorder_.pop_front();
    }
}

void IdealCore::publish_optics(std::uint64_t now_ns) {
    hw::mo_optics out{};
    out.time_ns = std::max<std::uint64_t>(now_ns, 1);
    out.lanes = lanes(now_ns);
    out.fec.time_ns = now_ns;
    out.caps = capabilities();
    out.record_seq = next_record_;
    host_.publish_optics(bytes_of(out));
}

void IdealCore::answer(std::uint64_t now_ns) {
    const std::vector<std::uint8_t> request = std::exchange(request_, {});
    const std::span<const std::uint8_t> body = std::span(request).subspan(sizeof(hw::mo_mb_hdr));
    auto header = taken<hw::mo_mb_hdr>(request);
    std::array<std::uint8_t, MO_MB_MAX> response{};
    const auto* const command =
        std::find_if(commands.begin(), commands.end(), [&](const Command& row) {
            return header.cmd == static_cast<std::uint16_t>(row.code);
        });
    hw::mo_mb_status status = hw::MO_MB_OK;
    if (command == commands.end()) {
        status = hw::MO_MB_ERR_COMMAND;
    } else if (header.len > body.size() || header.len < command->request) {
        status = hw::MO_MB_ERR_LENGTH;
    } else if (header.port != 0) {
        status = hw::MO_MB_ERR_PORT;
    } else if (header.plane != 0) {
        status = hw::MO_MB_ERR_PLANE;
    } else {
        status = execute(command->code, body, std::span(response).subspan(sizeof(header)), now_ns);
    }
    header.status = static_cast<std::uint16_t>(status);
    header.len = status == hw::MO_MB_OK ? command->response : std::uint16_t{0};
    std::memcpy(response.data(), &header, sizeof(header));
    host_.mailbox_done(std::span(response).first(sizeof(header) + header.len));
}

hw::mo_mb_status IdealCore::execute(hw::mo_mb_cmd command, std::span<const std::uint8_t> in,
                                    std::span<std::uint8_t> out, std::uint64_t now_ns) {
    switch (command) {
    case hw::MO_MB_VERSION_GET:
        return put(out, version());
    case hw::MO_MB_LINK_GET:
        return put(out, link_);
    case hw::MO_MB_LINK_CAPS_GET:
        return put(out, capabilities());
    case hw::MO_MB_LINK_SET: {
        const hw::mo_mb_status status = set_link(taken<hw::mo_mb_link_set>(in));
        if (status == hw::MO_MB_OK) {
            settle(now_ns); // who has been answered finds what he set
        }
        return status;
    }
    case hw::MO_MB_LANES_GET:
        return put(out, lanes(now_ns));
    case hw::MO_MB_FEC_GET: { // no error ever came
        hw::mo_mb_fec fec{};
        fec.time_ns = now_ns;
        return put(out, fec);
    }
    case hw::MO_MB_RECORDER_GET:
        return put(out, records(taken<hw::mo_mb_recorder_get>(in).seq));
    case hw::MO_MB_MODULE_GET:  // none is plugged
    case hw::MO_MB_SENSORS_GET: // there are none
    case hw::MO_MB_LOG_GET:     // nobody writes one
        return hw::MO_MB_OK;
    case hw::MO_MB_MODULE_READ:
    case hw::MO_MB_MODULE_SET:
        return hw::MO_MB_ERR_NO_MODULE;
    case hw::MO_MB_FLASH_INFO:
    case hw::MO_MB_FLASH_WRITE:
    case hw::MO_MB_FLASH_SELECT:
    case hw::MO_MB_FLASH_JOB:
        break;
    }
    return hw::MO_MB_ERR_UNSUPPORTED;
}

// As the firmware's LINK_SET.
hw::mo_mb_status IdealCore::set_link(const hw::mo_mb_link_set& set) {
    const std::uint32_t mask = set.mask;
    const std::uint32_t wanted = (mask & MO_LINK_SET_MODES) != 0 ? set.modes.value() : want_modes_;
    const std::uint8_t fec = (mask & MO_LINK_SET_FEC) != 0 ? set.fec : want_fec_;
    const std::uint8_t admin = (mask & MO_LINK_SET_ADMIN) != 0 ? set.admin_up : link_.admin_up;
    if ((mask & ~known_masks) != 0 || admin > 1 || wanted == 0 || fec == 0 ||
        (fec & ~all_fec) != 0) {
        return hw::MO_MB_ERR_PARAM;
    }
    const std::uint32_t possible = wanted & modes_of(lanes_);
    if (choose_mode(possible, fec) == nullptr) {
        return hw::MO_MB_ERR_UNSUPPORTED;
    }
    want_modes_ = possible;
    want_fec_ = fec;
    link_.admin_up = admin;
    choose();
    return hw::MO_MB_OK;
}

hw::mo_mb_version IdealCore::version() const {
    constexpr std::string_view build = "ideal port";
    constexpr std::uint8_t byte = 0xff;
    hw::mo_mb_version out{};
    out.ver_major = out.ver_minor = out.ver_patch = byte;
    out.abi_major = MO_FW_ABI_MAJOR;
    out.abi_minor = MO_FW_ABI_MINOR;
    out.board = board_;
    std::copy(build.begin(), build.end(), std::begin(out.build_id));
    out.source = MO_SOC_BOOT_AUTO;
    return out;
}

hw::mo_mb_link_caps IdealCore::capabilities() const {
    hw::mo_mb_link_caps out{};
    out.port_modes = modes_of(lanes_);
    out.port_fec = hw::MO_FEC_AUTO;
    for (const Mode& mode : modes) {
        out.port_fec |= mode.lanes <= lanes_ ? mode.possible_fec : std::uint8_t{0};
    }
    out.lanes = static_cast<std::uint8_t>(lanes_);
    out.media = MO_MEDIA_NONE;
    return out;
}

hw::mo_mb_lanes IdealCore::lanes(std::uint64_t now_ns) const {
    hw::mo_mb_lanes out{};
    out.time_ns = now_ns;
    out.count = lanes_;
    for (unsigned lane = 0; lane < lanes_; ++lane) {
        const bool used = link_.admin_up != 0 && lane < link_.lanes;
        out.lane[lane].lane = static_cast<std::uint8_t>(lane);
        const hw::mo_lane_state state = !used                ? hw::MO_LANE_DISABLED
                                        : link_.carrier != 0 ? hw::MO_LANE_UP
                                                             : hw::MO_LANE_INIT;
        out.lane[lane].state = static_cast<std::uint8_t>(state);
    }
    return out;
}

hw::mo_mb_records IdealCore::records(std::uint64_t from) const {
    hw::mo_mb_records out{};
    std::uint32_t count = 0;
    out.next_seq = next_record_;
    for (const hw::mo_mb_record& entry : recorder_) {
        if (entry.seq < from) {
            continue;
        }
        if (count == MO_RECORDS_MAX) {
            out.next_seq = entry.seq;
            break;
        }
        out.record[count++] = entry;
    }
    out.count = count;
    return out;
}

} // namespace mo::nic
