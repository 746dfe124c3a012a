// SPDX-License-Identifier: GPL-2.0-or-later
// ofctl history show: the flight recorder of the link.
#include "ofctl/values.hpp"
#include "ofctl/verb.hpp"

namespace mo::ofctl {

namespace {

constexpr double ns_per_s = 1e9;

Json record_value(const Record& record) {
    ObjectBuilder item;
    item.add("seq", record.seq)
        .add("time_ns", record.time_ns, {.where = Show::Where::json_only})
        .add("time_s", static_cast<double>(record.time_ns) / ns_per_s,
             {.label = "device s", .decimals = 6})
        .add("machine", record.machine)
        .add("from", record.from)
        .add("to", record.to);
    Json::Array lanes;
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
        if ((record.lanes >> lane & 1U) != 0) {
            lanes.emplace_back(lane);
        }
    }
    item.add("lanes", std::move(lanes)).add_text("reason", record.reason);
    item.add_text("blame", record.blame == "unknown" ? std::string() : record.blame);
    return item.done();
}

} // namespace

Json history_value(const Port& port, const std::vector<Record>& records,
                   std::optional<std::uint32_t> last) {
    const auto count = records.size();
    Json::Array rows;
    for (std::size_t i = last && *last < count ? count - *last : 0; i < count; ++i) {
        rows.push_back(record_value(records[i]));
    }
    return identified("ifname", port.ifname)
        .add("link", port.carrier ? "up" : "down")
        .add("down_count", port.down_count, {.label = "downs"})
        .add("records", std::move(rows))
        .done();
}

Exit history_show(Context& context, const Words& words) {
    const auto number = words.number("last");
    if (!number) {
        return usage_error(number.error().text);
    }
    return show_ports(context, words.name(), false, [&](const Port& port) -> Answer<Json> {
        const auto records = context.client.records(port);
        if (!records) {
            return Unexpected{records.error()};
        }
        return history_value(port, *records, *number);
    });
}

} // namespace mo::ofctl
