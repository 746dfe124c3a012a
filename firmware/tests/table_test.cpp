// SPDX-License-Identifier: GPL-2.0-or-later
// The state tables as tables: no row that can never be taken, no state that cannot be reached or
// left, and no state without a way on when nothing happens but time.
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/hw.hpp"
#include "tables.h"

namespace mo::fwtest {
namespace {

struct Machine {
    const char* name;
    int (*row)(unsigned, mo_table_row*);
    std::set<int> states;
    int initial;
    int events;
    int timer; ///< number of its timer event
};

std::vector<mo_table_row> rows(const Machine& machine) {
    std::vector<mo_table_row> out;
    mo_table_row row{};
    for (unsigned i = 0; machine.row(i, &row) != 0; ++i) {
        out.push_back(row);
    }
    return out;
}

bool covers(const mo_table_row& row, int state, int event) {
    const bool live = state >= hw::MO_LINK_DATAPATH && state <= hw::MO_LINK_UP;
    return (row.state == MO_TABLE_ANY || row.state == state ||
            (row.state == MO_TABLE_LIVE && live)) &&
           (row.event == MO_TABLE_ANY || row.event == event);
}

std::set<int> link_states() {
    return {
#define X(name, value, text) value,
        MO_LINK_FSM(X)
#undef X
    };
}

std::set<int> module_states() {
    return {
#define X(name, value, text) value,
        MO_MODULE_FSM(X)
#undef X
    };
}

void PrintTo(const Machine& machine, std::ostream* out) {
    *out << machine.name;
}

class Tables : public ::testing::TestWithParam<Machine> {};

TEST_P(Tables, NameOnlyStatesThatExist) {
    for (const mo_table_row& row : rows(GetParam())) {
        EXPECT_TRUE(row.state < 0 || GetParam().states.contains(row.state)) << row.state;
        EXPECT_TRUE(row.next == MO_TABLE_SAME || GetParam().states.contains(row.next)) << row.next;
        EXPECT_LT(row.event, GetParam().events);
    }
}

TEST_P(Tables, HaveNoRowThatIsNeverReached) {
    const auto table = rows(GetParam());
    for (std::size_t i = 0; i < table.size(); ++i) {
        bool reachable = false;
        for (const int state : GetParam().states) {
            for (int event = 0; event < GetParam().events; ++event) {
                if (!covers(table[i], state, event)) {
                    continue;
                }
                bool taken = false; // by an earlier row without a guard
                for (std::size_t j = 0; j < i; ++j) {
                    taken = taken || (table[j].guarded == 0 && covers(table[j], state, event));
                }
                reachable = reachable || !taken;
            }
        }
        EXPECT_TRUE(reachable) << "row " << i;
    }
}

TEST_P(Tables, EveryStateIsReachedAndLeft) {
    const auto table = rows(GetParam());
    const auto closure = [&](int from) {
        std::set<int> seen{from};
        bool grown = true;
        while (grown) {
            grown = false;
            for (const mo_table_row& row : table) {
                for (const int state : std::set<int>(seen)) {
                    for (int event = 0; event < GetParam().events; ++event) {
                        if (covers(row, state, event) && row.next >= 0 &&
                            seen.insert(row.next).second) {
                            grown = true;
                        }
                    }
                }
            }
        }
        return seen;
    };
    EXPECT_EQ(closure(GetParam().initial), GetParam().states);
    for (const int state : GetParam().states) {
        EXPECT_TRUE(closure(state).contains(GetParam().initial)) << state;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Machines, Tables,
    ::testing::Values(Machine{"link", mo_table_link, link_states(), hw::MO_LINK_OFF, 7, 5},
                      Machine{"module", mo_table_module, module_states(), hw::MO_MODULE_ABSENT, 8,
                              3},
                      Machine{"data_path", mo_table_dpath, {0, 1, 2, 3, 4, 5, 6, 7}, 0, 7, 6}),
    [](const auto& test) { return std::string(test.param.name); });

/// States in which the machine waits for hardware: time alone must lead somewhere.
TEST(TablesInTime, WaitingStatesHaveATimer) {
    const auto has_timer = [](int (*row)(unsigned, mo_table_row*), int state, int timer) {
        mo_table_row at{};
        for (unsigned i = 0; row(i, &at) != 0; ++i) {
            if (at.state == state && at.event == timer) {
                return true;
            }
        }
        return false;
    };
    for (const int state :
         {int{hw::MO_LINK_WAIT_LIGHT}, int{hw::MO_LINK_WAIT_LOCK}, int{hw::MO_LINK_WAIT_ALIGN},
          int{hw::MO_LINK_WAIT_PEER}, int{hw::MO_LINK_FAULT}}) {
        EXPECT_TRUE(has_timer(mo_table_link, state, 5)) << state;
    }
    for (const int state :
         {int{hw::MO_MODULE_RESET}, int{hw::MO_MODULE_WAIT_MGMT}, int{hw::MO_MODULE_IDENTIFY},
          int{hw::MO_MODULE_SETUP}, int{hw::MO_MODULE_POWER_UP}, int{hw::MO_MODULE_POWER_DOWN},
          int{hw::MO_MODULE_FAULT}, int{hw::MO_MODULE_IO_ERROR}}) {
        EXPECT_TRUE(has_timer(mo_table_module, state, 3)) << state;
    }
    for (const int state : {1, 2, 3, 4, 6}) {
        EXPECT_TRUE(has_timer(mo_table_dpath, state, 6)) << state;
    }
}

} // namespace
} // namespace mo::fwtest
