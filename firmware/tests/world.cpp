// SPDX-License-Identifier: GPL-2.0-or-later
#include "world.hpp"

#include <algorithm>
#include <stdexcept>

namespace mo::fwtest {

namespace {

std::uint32_t board(unsigned lanes) {
    return lanes == 8 ? MO_BOARD_DEVKIT_800G : MO_BOARD_LAB_400G;
}

} // namespace

World::World(optics::FibreConfig fibre_config, unsigned lanes_a, unsigned lanes_b)
    : port_a({lanes_a, 11, 35.0}), port_b({lanes_b, 22, 35.0}), fibre(fibre_config),
      a(port_a, board(lanes_a)), b(port_b, board(lanes_b)) {
    fibre.connect(optics::End::a, &port_a, 0);
    fibre.connect(optics::End::b, &port_b, 0);
    port_a.plug(lanes_a == 8 ? optics::cmis::dr8_lpo("A0001") : optics::cmis::dr4_lpo("A0001"), 0);
    port_b.plug(lanes_b == 8 ? optics::cmis::dr8_lpo("B0001") : optics::cmis::dr4_lpo("B0001"), 0);
}

void World::boot() {
    a.boot(now_ns_);
    b.boot(now_ns_);
}

bool World::run_until(std::uint64_t duration_ns, const std::function<bool()>& done) {
    const std::uint64_t end = now_ns_ + duration_ns;
    for (;;) {
        a.run(now_ns_);
        b.run(now_ns_);
        if (done()) {
            return true;
        }
        const std::uint64_t next =
            std::max(now_ns_ + 1, std::min(a.next_ns(now_ns_), b.next_ns(now_ns_)));
        if (next > end) {
            now_ns_ = end;
            return false;
        }
        now_ns_ = next;
    }
}

void World::run_for(std::uint64_t duration_ns) {
    run_until(duration_ns, [] { return false; });
}

Answer World::request(Chip& chip, std::uint16_t command, const std::vector<std::uint8_t>& body,
                      std::uint8_t port) {
    hw::mo_mb_hdr hdr{};
    hdr.cmd = command;
    hdr.len = static_cast<std::uint16_t>(body.size());
    hdr.port = port;
    std::vector<std::uint8_t> bytes(sizeof(hdr));
    std::memcpy(bytes.data(), &hdr, sizeof(hdr));
    bytes.insert(bytes.end(), body.begin(), body.end());
    chip.submit(bytes);
    std::vector<std::uint8_t> response;
    if (!run_until(30 * second, [&] { return chip.take_response(response); })) {
        throw std::runtime_error("no answer from the firmware");
    }
    Answer answer;
    if (response.size() >= sizeof(answer.hdr)) {
        std::memcpy(&answer.hdr, response.data(), sizeof(answer.hdr));
        answer.body.assign(response.begin() + sizeof(answer.hdr), response.end());
    }
    return answer;
}

Answer World::set_link(Chip& chip, bool up, std::uint32_t modes, std::uint8_t fec) {
    hw::mo_mb_link_set set{};
    set.mask = MO_LINK_SET_ADMIN | (modes != 0 ? MO_LINK_SET_MODES : 0U) |
               (fec != 0 ? MO_LINK_SET_FEC : 0U);
    set.admin_up = up ? 1 : 0;
    set.modes = modes;
    set.fec = fec;
    return request_with(chip, hw::MO_MB_LINK_SET, set);
}

hw::mo_mb_flash_job World::flash(Chip& chip, hw::mo_mb_cmd command, std::uint8_t slot) {
    const std::size_t events = chip.events().size();
    const Answer answer = request_with(chip, command, hw::mo_mb_flash_write{slot, {}});
    auto job = answer.as<hw::mo_mb_flash_job>();
    if (answer.hdr.status != hw::MO_MB_OK) {
        job.status = answer.hdr.status;
        return job;
    }
    const auto ended = [&] {
        return std::any_of(chip.events().begin() + static_cast<std::ptrdiff_t>(events),
                           chip.events().end(),
                           [](const HostEvent& event) { return event.type == hw::MO_EVENT_FLASH; });
    };
    if (!run_until(30 * second, ended)) {
        throw std::runtime_error("the job does not end");
    }
    return request(chip, hw::MO_MB_FLASH_JOB).as<hw::mo_mb_flash_job>();
}

hw::mo_mb_flash_info World::flash_info(Chip& chip) {
    for (unsigned tries = 0; tries < 1000; ++tries) {
        const auto info = request(chip, hw::MO_MB_FLASH_INFO).as<hw::mo_mb_flash_info>();
        if (info.known == 3) {
            return info;
        }
        run_for(10 * ms);
    }
    throw std::runtime_error("the slots do not become known");
}

bool World::bring_up() {
    boot();
    run_for(1 * second);
    set_link(a, true);
    set_link(b, true);
    return run_until(2 * second, [this] { return both_up(); });
}

} // namespace mo::fwtest
