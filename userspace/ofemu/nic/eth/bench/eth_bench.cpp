// SPDX-License-Identifier: GPL-2.0-or-later
// Rates of the ethernet datapath between two NICs in one process, one thread for both, with a
// driver that only refills rings: what the model costs, without guests. Per second of CPU time.
//
//   mo_eth_bench [--json FILE] [--seconds S]
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <time.h>
#include <vector>

#include "nic/eth/tests/harness.hpp"

namespace mo::nic::eth::test {
namespace {

struct Case {
    const char* name;
    std::size_t payload;
    std::size_t mss; ///< 0: no segmentation
    std::uint32_t offloads;
    std::uint32_t buffer;
    std::uint32_t mtu;
};

constexpr std::uint32_t with_gro = usual_offloads | MO_OFFLOAD_RX_GRO;

constexpr Case cases[] = {
    {"64 KiB TSO, coalesced", 65160, 1448, with_gro, 4096, 1500},
    {"64 KiB TSO, mtu 9000, coalesced", 62720, 8948, with_gro, 4096, 9000},
    {"64 KiB TSO, packet by packet", 65160, 1448, usual_offloads, 2048, 1500},
    {"1500 byte frames", 1448, 0, usual_offloads, 2048, 1500},
    {"1500 byte frames, coalesced", 1448, 0, with_gro, 4096, 1500},
    {"64 byte frames", 0, 0, usual_offloads, 2048, 1500},
};

struct Rates {
    const char* name;
    double posted_per_second;
    double frames_per_second;
    double bytes_per_second;
};

/// Time that this thread has worked, so that a busy machine does not change the figures.
double cpu_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// Posts the same packets again and again; drains both completion queues like a driver.
Rates measure(const Case& what, double seconds) {
    constexpr std::uint8_t ring_log = 10;
    constexpr std::uint32_t batch = 16;
    TestPair pair(64U << 20);
    HostTx tx(pair.a, ring_log);
    HostRx rx(pair.b, ring_log, what.buffer);
    open_receiver(pair.b, rx, what.offloads, what.mtu);
    rx.post(rx.entries());

    PacketSpec spec;
    spec.payload = what.payload;
    TxOptions options = what.mss != 0 ? tso(spec, what.mss) : TxOptions{};
    if (what.mss == 0) {
        options.flags |= MO_TXF_CSUM;
        options.csum_start = 34;
        options.csum_offset = 16;
    }
    // More memory than a cache level holds, as a host's send buffers have.
    std::vector<std::uint64_t> packets;
    const std::size_t copies = std::max<std::size_t>(batch, (8U << 20) / (what.payload + 100));
    const Packet packet = make_packet(spec);
    for (std::size_t i = 0; i < copies; ++i) {
        spec.sequence = static_cast<std::uint32_t>(1000 + i * what.payload);
        spec.id = static_cast<unsigned>(i & 0xffffU);
        Packet one = make_packet(spec);
        set16(one, 50,
              ~reference_checksum({}, reference_pseudo(one, spec, one.size() - 34)) & 0xffffU);
        packets.push_back(pair.a.put(one, 64));
    }

    std::uint64_t posted = 0;
    std::size_t next = 0;
    std::uint32_t refilled = 0;
    const double begin = cpu_seconds();
    double elapsed = 0;
    while (elapsed < seconds) {
        for (unsigned round = 0; round < 64; ++round) {
            for (std::uint32_t i = 0; i < batch; ++i) {
                TxOptions one = options;
                one.flags &= i + 1 == batch ? ~0U : ~std::uint32_t{MO_TXF_COMPLETE};
                tx.describe(packets[next], packet.size(), one);
                next = next + 1 < packets.size() ? next + 1 : 0;
            }
            tx.ring();
            posted += batch;
            pair.run();
            while (tx.cq.next()) {
            }
            while (const auto done = rx.cq.next()) {
                rx.consumed += done->nseg;
            }
            rx.post(rx.consumed - std::exchange(refilled, rx.consumed));
        }
        elapsed = cpu_seconds() - begin;
    }
    const PortCounters& counters = pair.b.mac.counters;
    if (counters.rx_no_buffer != 0 || !pair.a.errors.empty() || !pair.b.errors.empty() ||
        counters.rx_csum_bad != 0) {
        std::fprintf(stderr, "%s: lost or damaged frames\n", what.name);
        std::exit(1);
    }
    return {what.name, static_cast<double>(posted) / elapsed,
            static_cast<double>(counters.rx_frames) / elapsed,
            static_cast<double>(counters.rx_octets) / elapsed};
}

int run(int argc, char** argv) {
    double seconds = 1;
    const char* json = nullptr;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (std::string_view(argv[i]) == "--json") {
            json = argv[i + 1];
        } else if (std::string_view(argv[i]) == "--seconds") {
            seconds = std::atof(argv[i + 1]);
        }
    }
    std::string list = "[";
    std::printf("%-34s %14s %16s %12s\n", "case", "posted/s", "wire packets/s", "Gbit/s");
    for (const Case& what : cases) {
        const Rates rates = measure(what, seconds);
        const double gbit = rates.bytes_per_second * 8 / 1e9;
        std::printf("%-34s %14.0f %16.0f %12.2f\n", rates.name, rates.posted_per_second,
                    rates.frames_per_second, gbit);
        char row[256];
        std::snprintf(row, sizeof row,
                      "%s\n{\"name\": \"%s\", \"posted_per_s\": %.0f, \"packets_per_s\": %.0f, "
                      "\"gbit_per_s\": %.3f}",
                      list.size() > 1 ? "," : "", rates.name, rates.posted_per_second,
                      rates.frames_per_second, gbit);
        list += row;
    }
    list += "\n]\n";
    if (json != nullptr) {
        std::FILE* const file = std::fopen(json, "w");
        if (file == nullptr || std::fputs(list.c_str(), file) < 0 || std::fclose(file) != 0) {
            std::perror(json);
            return 1;
        }
    }
    return 0;
}

} // namespace
} // namespace mo::nic::eth::test

int main(int argc, char** argv) {
    return mo::nic::eth::test::run(argc, argv);
}
