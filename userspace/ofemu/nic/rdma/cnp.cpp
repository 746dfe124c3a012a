// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/cnp.hpp"

namespace mo::nic::rdma {

Route cnp_route(const Route& path) noexcept {
    Route route = path;
    route.traffic_class = cnp_traffic_class;
    return route;
}

Headers cnp_headers(std::uint32_t dest_qp) noexcept {
    Headers headers;
    headers.bth.opcode = Opcode::cnp;
    headers.bth.becn = true;
    headers.bth.dest_qp = dest_qp;
    return headers;
}

bool cnp_valid(const Packet& packet) noexcept {
    return packet.op->operation == Operation::cnp && packet.headers.bth.becn;
}

} // namespace mo::nic::rdma
