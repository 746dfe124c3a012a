// SPDX-License-Identifier: GPL-2.0-or-later
// Rates of the RoCEv2 transport between two NICs in one process, one thread for both, with a driver
// that only posts and polls: what the model costs, without guests. Per second of CPU time.
//
//   mo_rdma_bench [--json FILE] [--seconds S]
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <time.h>
#include <vector>

#include "nic/rdma/tests/harness.hpp"

namespace mo::nic::rdma::test {
namespace {

struct Case {
    const char* name;
    hw::mo_wr opcode;
    std::uint32_t size;
    std::uint16_t mtu;
    std::uint32_t depth; ///< entries under way
    Making making = Making::lazy;
    bool in_line = false;
    std::uint32_t qps = 1;  ///< that are connected and have been used
    std::uint32_t busy = 1; ///< of them, at one time
    bool moving = false;    ///< each round others are busy
};

constexpr Case cases[] = {
    {"WRITE 1 MiB, mtu 4096", hw::MO_WR_WRITE, 1U << 20, 4096, 8},
    {"WRITE 1 MiB, mtu 1024", hw::MO_WR_WRITE, 1U << 20, 1024, 8},
    {"READ 1 MiB, mtu 4096", hw::MO_WR_READ, 1U << 20, 4096, 8},
    {"READ 1 MiB, mtu 1024", hw::MO_WR_READ, 1U << 20, 1024, 8},
    {"WRITE 64 KiB, mtu 4096", hw::MO_WR_WRITE, 1U << 16, 4096, 32},
    {"SEND 4 KiB, mtu 4096", hw::MO_WR_SEND, 4096, 4096, 32},
    {"SEND 64 B inline, 32 deep", hw::MO_WR_SEND, 64, 1024, 32, Making::lazy, true},
    {"SEND 64 B inline, 1 deep", hw::MO_WR_SEND, 64, 1024, 1, Making::lazy, true},
    {"WRITE 8 B inline, 1 deep", hw::MO_WR_WRITE, 8, 1024, 1, Making::lazy, true},
    {"FETCH_ADD, 16 deep", hw::MO_WR_FETCH_ADD, 8, 1024, 16},
    {"WRITE 1 MiB, mtu 4096, bytes always", hw::MO_WR_WRITE, 1U << 20, 4096, 8, Making::bytes},
    {"WRITE 64 B, 4 of 1024 QPs busy", hw::MO_WR_WRITE, 64, 1024, 4, Making::lazy, true, 1024, 4},
    {"WRITE 64 B, 1024 QPs in turn, 4 each", hw::MO_WR_WRITE, 64, 1024, 1, Making::lazy, true, 1024,
     4, true},
    {"WRITE 64 B, 1024 QPs all busy", hw::MO_WR_WRITE, 64, 1024, 4, Making::lazy, true, 1024, 1024},
};

struct Rates {
    double messages = 0; ///< per second
    double packets = 0;  ///< per second, acknowledgements included
    double bytes = 0;    ///< payload per second
};

/// Time that this thread has worked, so that a busy machine does not change the figures.
double cpu_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

[[noreturn]] void die(const char* name, const char* why) {
    std::fprintf(stderr, "%s: %s\n", name, why);
    std::exit(1);
}

Rates rates_of(Pair& pair, const Case& what, std::uint64_t done, double elapsed) {
    const RdmaCounters& a = pair.a.block.counters();
    const RdmaCounters& b = pair.b.block.counters();
    if (a.retransmits + b.rx_duplicate + b.rx_out_of_sequence + a.rx_malformed != 0) {
        die(what.name, "packets were lost");
    }
    return {static_cast<double>(done) / elapsed,
            static_cast<double>(a.tx_packets + b.tx_packets) / elapsed,
            static_cast<double>(done) * what.size / elapsed};
}

/// Short rings: there are many.
constexpr QpOptions small{.sq_stride_log = 7, .rq_stride_log = 6, .cq_log = 6};

/// Many QPs, of which some are busy: what the others cost. A message that is not found at once is
/// under way meanwhile: each busy QP has up to `depth`.
Rates measure_many(const Case& what, double seconds) {
    Pair pair(all_features, 256U << 20, what.making);
    Region remote(pair.b, what.size);
    struct Connected {
        Connected(Pair& nics, std::uint16_t mtu) : x(nics.a, small), y(nics.b, small) {
            Pair::connect(x, y, {.mtu = mtu});
        }
        HostQp x, y;
        std::uint32_t under_way = 0;
    };
    std::vector<std::unique_ptr<Connected>> all;
    all.reserve(what.qps);
    for (std::uint32_t i = 0; i < what.qps; ++i) {
        all.push_back(std::make_unique<Connected>(pair, what.mtu));
    }
    const SendWr wr{.opcode = what.opcode,
                    .inline_data = pattern(what.size, 1),
                    .remote_address = remote.iova(),
                    .rkey = remote.key};
    std::uint64_t done = 0;
    const auto reap = [&](Connected& each) {
        while (const auto cqe = each.x.send_cq.next()) {
            if (cqe->status != hw::MO_WC_SUCCESS) {
                die(what.name, "an entry failed");
            }
            --each.under_way;
            ++done;
        }
    };
    const auto post = [&](Connected& each) {
        reap(each);
        for (; each.under_way < what.depth; ++each.under_way) {
            each.x.write_send(wr);
        }
        each.x.ring();
    };
    for (const auto& each : all) {
        post(*each);
    }
    pair.run();
    for (const auto& each : all) {
        reap(*each);
    }
    done = 0;
    const std::uint64_t before =
        pair.a.block.counters().tx_packets + pair.b.block.counters().tx_packets;
    const double begin = cpu_seconds();
    double elapsed = 0;
    std::size_t next = 0;
    while (elapsed < seconds) {
        for (int round = 0; round < 256; ++round) {
            for (std::uint32_t i = 0; i < what.busy; ++i) {
                post(*all[(next + i) % what.qps]);
            }
            next += what.moving ? what.busy : 0;
            (void)pair.round();
        }
        elapsed = cpu_seconds() - begin;
    }
    Rates rates = rates_of(pair, what, done, elapsed);
    rates.packets -= static_cast<double>(before) / elapsed;
    return rates;
}

Rates measure(const Case& what, double seconds) {
    constexpr std::size_t room = 32U << 20; // more than a cache holds
    Pair pair(all_features, 128U << 20, what.making);
    HostQp x(pair.a, {.sq_stride_log = 7, .rq_stride_log = 6, .cq_log = 10});
    HostQp y(pair.b, {.sq_stride_log = 7, .rq_stride_log = 6, .cq_log = 10});
    Pair::connect(x, y, {.mtu = what.mtu});
    Region local(pair.a, room, {.page_shift = 21}), remote(pair.b, room + 8, {.page_shift = 21});
    const bool send = what.opcode == hw::MO_WR_SEND;
    std::uint32_t place = 0;
    SendWr wr{.opcode = what.opcode, .sges = {{0, what.size, local.key}}, .rkey = remote.key};
    if (what.in_line) {
        wr.sges.clear();
        wr.inline_data = pattern(what.size, 1);
    }
    const auto post = [&] {
        place = place + 2 * what.size <= room ? place + what.size : 0;
        if (send) {
            y.write_receive({{remote.iova(place), what.size, remote.key}});
            y.ring(true);
        }
        if (!wr.sges.empty()) {
            wr.sges[0].address = local.iova(place);
        }
        wr.remote_address = (remote.iova(place) + 7) & ~std::uint64_t{7};
        x.write_send(wr);
    };
    std::uint64_t done = 0;
    const double begin = cpu_seconds();
    double elapsed = 0;
    std::uint32_t under_way = 0;
    while (elapsed < seconds) {
        for (int round = 0; round < 256; ++round) {
            for (; under_way < what.depth; ++under_way) {
                post();
            }
            x.ring();
            (void)pair.round();
            while (const auto cqe = x.send_cq.next()) {
                if (cqe->status != hw::MO_WC_SUCCESS) {
                    die(what.name,
                        ("an entry failed: status " + std::to_string(cqe->status)).c_str());
                }
                --under_way;
                ++done;
            }
            while (y.recv_cq.next()) {
            }
        }
        elapsed = cpu_seconds() - begin;
    }
    return rates_of(pair, what, done, elapsed);
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
    std::printf("%-36s %12s %12s %10s %10s %10s\n", "case", "messages/s", "packets/s", "MiB/s",
                "ns/packet", "ns/message");
    for (const Case& what : cases) {
        const Rates rates = what.qps > 1 ? measure_many(what, seconds) : measure(what, seconds);
        std::printf("%-36s %12.0f %12.0f %10.0f %10.0f %10.0f\n", what.name, rates.messages,
                    rates.packets, rates.bytes / (1U << 20), 1e9 / rates.packets,
                    1e9 / rates.messages);
        char row[256];
        std::snprintf(row, sizeof row,
                      "%s\n{\"name\": \"%s\", \"messages_per_s\": %.0f, \"packets_per_s\": %.0f, "
                      "\"mib_per_s\": %.1f}",
                      list.size() > 1 ? "," : "", what.name, rates.messages, rates.packets,
                      rates.bytes / (1U << 20));
        list += row;
    }
    list += "\n]\n";
    if (json != nullptr) {
        std::ofstream file(json);
        file << list;
        file.close();
        if (!file) {
            std::fprintf(stderr, "cannot write %s\n", json);
            return 1;
        }
    }
    return 0;
}

} // namespace
} // namespace mo::nic::rdma::test

int main(int argc, char** argv) {
    try {
        return mo::nic::rdma::test::run(argc, argv);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
