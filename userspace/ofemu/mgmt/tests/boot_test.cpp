// SPDX-License-Identifier: GPL-2.0-or-later
// End to end: the built-in boot ROM with signed images, good and bad, from stage and flash.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "assembler.hpp"
#include "fakes.hpp"
#include "signed_image.hpp"

namespace mo::mgmt::test {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Header = hw::mo_fw_hdr;

/// More than the ROM needs for the largest image.
constexpr std::uint64_t boot_budget = 60'000'000;

/// Firmware that reports that it runs, and sleeps.
Bytes tiny_image(std::size_t padded_size = 0) {
    Program program;
    program.store(hw::MO_SOC_SYS_STATE, hw::MO_MGMT_RUNNING).add({wfi, jal(zero, -4)});
    Bytes image = program.bytes();
    while (image.size() < padded_size) {
        image.push_back(static_cast<std::uint8_t>(image.size() * 7));
    }
    return image;
}

struct Device {
    explicit Device(SocConfig config = {}) : soc(std::move(config), host, phy) { soc.power_on(0); }

    RunResult boot_staged(const Bytes& component, std::uint64_t budget = boot_budget) {
        EXPECT_TRUE(soc.stage_write(0, component));
        soc.stage_length(static_cast<std::uint32_t>(component.size()));
        soc.reset(MO_SOC_RESET_HOST, MO_SOC_BOOT_STAGE, 0);
        return soc.run(0, budget);
    }

    FakeHost host;
    FakePhy phy;
    Soc soc;
};

Bytes good_component(std::size_t image_size = 0) {
    Header header = good_header();
    const Bytes image = tiny_image(image_size);
    describe_image(header, image);
    sign_header(header);
    return join(header, image);
}

TEST(Boot, StagedImageRunsAfterVerification) {
    Device device;
    const RunResult result = device.boot_staged(good_component());
    EXPECT_EQ(result.stop, RunStop::waiting);
    EXPECT_EQ(device.soc.state(), hw::MO_MGMT_RUNNING);
    EXPECT_EQ(device.soc.error(), hw::MO_FW_ERR_NONE);
    EXPECT_EQ(device.soc.fw_version(), 0x010203U);
    EXPECT_EQ(device.soc.fw_abi(), std::uint32_t{MO_FW_ABI_MAJOR} << 16 | MO_FW_ABI_MINOR);
    const std::vector<std::pair<hw::mo_mgmt_state, hw::mo_fw_error>> last{
        {hw::MO_MGMT_VERIFY, hw::MO_FW_ERR_NONE},
        {hw::MO_MGMT_BOOT, hw::MO_FW_ERR_NONE},
        {hw::MO_MGMT_RUNNING, hw::MO_FW_ERR_NONE}};
    ASSERT_GE(device.host.states.size(), last.size());
    EXPECT_TRUE(std::equal(last.rbegin(), last.rend(), device.host.states.rbegin()));
}

TEST(Boot, Verifying64KiBStaysBelow30MillionInstructions) {
    Device device;
    const RunResult result = device.boot_staged(good_component(64 * 1024));
    EXPECT_EQ(device.soc.state(), hw::MO_MGMT_RUNNING);
    EXPECT_LT(result.instructions, 30'000'000U);
    RecordProperty("instructions", std::to_string(result.instructions));
}

TEST(Boot, LargestImageRuns) {
    Device device;
    device.boot_staged(good_component(MO_FW_IMAGE_MAX));
    EXPECT_EQ(device.soc.state(), hw::MO_MGMT_RUNNING);
}

TEST(Boot, NothingAnywhereWaitsForTheHost) {
    Device device;
    const RunResult result = device.soc.run(0, boot_budget);
    EXPECT_EQ(result.stop, RunStop::waiting);
    EXPECT_EQ(device.soc.state(), hw::MO_MGMT_ROM);
    EXPECT_EQ(device.soc.error(), hw::MO_FW_ERR_EMPTY);
    EXPECT_EQ(device.soc.next_run_ns(0), never_ns);
}

TEST(Boot, WaitIsObeyedWithoutAnError) {
    Device device;
    device.soc.reset(MO_SOC_RESET_HOST, MO_SOC_BOOT_WAIT, 0);
    device.soc.run(0, boot_budget);
    EXPECT_EQ(device.soc.state(), hw::MO_MGMT_ROM);
    EXPECT_EQ(device.soc.error(), hw::MO_FW_ERR_NONE);
}

/// A change of a good component and what the ROM must answer.
struct Negative {
    const char* name;
    hw::mo_fw_error error;
    std::function<Bytes()> component;
};

void PrintTo(const Negative& negative, std::ostream* out) {
    *out << negative.name;
}

/// Changes the header and signs it again: refused for what it says.
std::function<Bytes()> resigned(std::function<void(Header&)> change) {
    return [change = std::move(change)] {
        Header header = good_header();
        const Bytes image = tiny_image();
        describe_image(header, image);
        change(header);
        sign_header(header);
        return join(header, image);
    };
}

/// Flips one bit of a good component: refused because it is not what was signed.
std::function<Bytes()> flipped(std::size_t offset, unsigned bit = 0) {
    return [offset, bit] {
        Bytes component = good_component();
        component[offset] = static_cast<std::uint8_t>(component[offset] ^ 1U << bit);
        return component;
    };
}

std::function<Bytes()> cut_to(std::size_t size) {
    return [size] {
        Bytes component = good_component();
        component.resize(size);
        return component;
    };
}

constexpr std::size_t offset_of_image_len = offsetof(Header, image_len);

const Negative negatives[] = {
    {"nothing", hw::MO_FW_ERR_EMPTY, cut_to(0)},
    {"one_byte", hw::MO_FW_ERR_TRUNCATED, cut_to(1)},
    {"header_cut", hw::MO_FW_ERR_TRUNCATED, cut_to(MO_FW_HDR_LEN - 1)},
    {"header_only", hw::MO_FW_ERR_TRUNCATED, cut_to(MO_FW_HDR_LEN)},
    {"image_cut", hw::MO_FW_ERR_TRUNCATED, cut_to(MO_FW_HDR_LEN + 8)},
    {"length_huge", hw::MO_FW_ERR_TRUNCATED, flipped(offset_of_image_len + 3, 7)},
    {"magic_flip", hw::MO_FW_ERR_MAGIC, flipped(offsetof(Header, magic))},
    {"hdr_version_flip", hw::MO_FW_ERR_HDR_VERSION, flipped(offsetof(Header, hdr_version))},
    {"hdr_len_flip", hw::MO_FW_ERR_HDR_VERSION, flipped(offsetof(Header, hdr_len))},
    {"reserved_flip", hw::MO_FW_ERR_HDR_VERSION, flipped(offsetof(Header, rsvd2) + 59)},
    {"component_flip", hw::MO_FW_ERR_COMPONENT, flipped(offsetof(Header, component) + 1)},
    {"key_id_flip", hw::MO_FW_ERR_KEY, flipped(offsetof(Header, key_id))},
    {"version_flip", hw::MO_FW_ERR_SIGNATURE, flipped(offsetof(Header, ver_minor))},
    {"abi_flip", hw::MO_FW_ERR_SIGNATURE, flipped(offsetof(Header, abi_major))},
    {"security_flip", hw::MO_FW_ERR_SIGNATURE, flipped(offsetof(Header, security_version))},
    {"board_flip", hw::MO_FW_ERR_SIGNATURE, flipped(offsetof(Header, board_mask), 5)},
    {"length_shorter", hw::MO_FW_ERR_SIGNATURE, flipped(offset_of_image_len, 2)},
    {"load_addr_flip", hw::MO_FW_ERR_SIGNATURE, flipped(offsetof(Header, load_addr), 4)},
    {"entry_flip", hw::MO_FW_ERR_SIGNATURE, flipped(offsetof(Header, entry), 2)},
    {"build_id_flip", hw::MO_FW_ERR_SIGNATURE, flipped(offsetof(Header, build_id) + 10)},
    {"sha512_flip", hw::MO_FW_ERR_SIGNATURE, flipped(offsetof(Header, sha512) + 63)},
    {"signature_r_flip", hw::MO_FW_ERR_SIGNATURE, flipped(offsetof(Header, signature))},
    {"signature_s_flip", hw::MO_FW_ERR_SIGNATURE, flipped(offsetof(Header, signature) + 63, 7)},
    {"image_flip_first", hw::MO_FW_ERR_HASH, flipped(MO_FW_HDR_LEN)},
    {"image_flip_last", hw::MO_FW_ERR_HASH, flipped(MO_FW_HDR_LEN + tiny_image().size() - 1, 7)},
    {"other_component", hw::MO_FW_ERR_COMPONENT, resigned([](Header& h) { h.component = 2; })},
    {"other_board", hw::MO_FW_ERR_BOARD,
     resigned([](Header& h) { h.board_mask = 1U << MO_BOARD_LAB_400G; })},
    {"no_board", hw::MO_FW_ERR_BOARD, resigned([](Header& h) { h.board_mask = 0; })},
    {"other_if_major", hw::MO_FW_ERR_IF_VERSION,
     resigned([](Header& h) { h.if_major = MO_IF_MAJOR + 1; })},
    {"newer_if_minor", hw::MO_FW_ERR_IF_VERSION,
     resigned([](Header& h) { h.if_minor = MO_IF_MINOR + 1; })},
    {"no_production_key", hw::MO_FW_ERR_KEY,
     resigned([](Header& h) { h.key_id = MO_FW_KEY_PRODUCTION; })},
    {"key_zero", hw::MO_FW_ERR_KEY, resigned([](Header& h) { h.key_id = 0; })},
    {"key_far", hw::MO_FW_ERR_KEY, resigned([](Header& h) { h.key_id = 0xffff; })},
    {"foreign_signer", hw::MO_FW_ERR_SIGNATURE,
     [] {
         Header header = good_header();
         const Bytes image = tiny_image();
         describe_image(header, image);
         sign_header(header, {1, 2, 3});
         return join(header, image);
     }},
    {"old_security", hw::MO_FW_ERR_SECURITY_VERSION,
     resigned([](Header& h) { h.security_version = 0; })},
    {"empty_image", hw::MO_FW_ERR_LAYOUT, resigned([](Header& h) { h.image_len = 0; })},
    {"odd_length", hw::MO_FW_ERR_LAYOUT, resigned([](Header& h) { h.image_len = 6; })},
    {"below_ram", hw::MO_FW_ERR_LAYOUT,
     resigned([](Header& h) { h.load_addr = MO_SOC_RAM_BASE - 4; })},
    {"into_rom_memory", hw::MO_FW_ERR_LAYOUT, resigned([](Header& h) {
         h.load_addr = MO_SOC_RAM_BASE + MO_SOC_RAM_SIZE - 16 * 1024 - 4;
         h.entry = h.load_addr;
     })},
    {"top_of_memory", hw::MO_FW_ERR_LAYOUT, resigned([](Header& h) {
         h.load_addr = 0xfffffffc;
         h.entry = h.load_addr;
     })},
    {"unaligned", hw::MO_FW_ERR_LAYOUT,
     resigned([](Header& h) { h.load_addr = MO_SOC_RAM_BASE + 2; })},
    {"entry_before", hw::MO_FW_ERR_LAYOUT,
     resigned([](Header& h) { h.load_addr = MO_SOC_RAM_BASE + 16; })},
    {"entry_behind", hw::MO_FW_ERR_LAYOUT,
     resigned([](Header& h) { h.entry = MO_SOC_RAM_BASE + h.image_len; })},
    {"entry_odd", hw::MO_FW_ERR_LAYOUT, resigned([](Header& h) { h.entry = MO_SOC_RAM_BASE + 1; })},
    {"entry_in_rom", hw::MO_FW_ERR_LAYOUT, resigned([](Header& h) { h.entry = 0; })},
};

class BootRefuses : public testing::TestWithParam<Negative> {};

TEST_P(BootRefuses, WithTheRightError) {
    Device device;
    const RunResult result = device.boot_staged(GetParam().component());
    EXPECT_EQ(result.stop, RunStop::waiting);
    EXPECT_EQ(device.soc.error(), GetParam().error);
    EXPECT_EQ(device.soc.state(),
              GetParam().error == hw::MO_FW_ERR_EMPTY ? hw::MO_MGMT_ROM : hw::MO_MGMT_REJECTED);
    EXPECT_EQ(device.soc.fw_version(), 0U);

    // A good file afterwards starts.
    device.boot_staged(good_component());
    EXPECT_EQ(device.soc.state(), hw::MO_MGMT_RUNNING);
    EXPECT_EQ(device.soc.error(), hw::MO_FW_ERR_NONE);
}

INSTANTIATE_TEST_SUITE_P(Images, BootRefuses, testing::ValuesIn(negatives),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Boot, DisabledKeyIsRefused) {
    SocConfig config;
    config.keys = 1U << MO_FW_KEY_PRODUCTION;
    Device device(config);
    device.boot_staged(good_component());
    EXPECT_EQ(device.soc.error(), hw::MO_FW_ERR_KEY);
}

TEST(Boot, OtherBoardRunsItsOwnImages) {
    SocConfig config;
    config.board = MO_BOARD_LAB_400G;
    Device device(config);
    device.boot_staged(good_component());
    EXPECT_EQ(device.soc.error(), hw::MO_FW_ERR_BOARD);
    device.boot_staged(resigned([](Header& h) { h.board_mask = 1U << MO_BOARD_LAB_400G; })());
    EXPECT_EQ(device.soc.state(), hw::MO_MGMT_RUNNING);
}

/// Firmware that erases and programs what the host staged into flash slot `slot`, then reports.
/// Polls, as the firmware's own driver may; the staged component follows it in the stage.
Bytes flasher_image(std::uint32_t slot, std::uint32_t component_len) {
    Program p;
    const auto poll_idle = [&p] { // until STATUS bit 0 is clear
        p.load(t0, hw::MO_SOC_FLASH_STATUS);
        p.add({lw(t1, 0, t0), i_type(0x13, 7, t1, t1, 1), b_type(1, t1, zero, -8)});
    };
    const std::uint32_t base = slot * MO_SOC_FLASH_SLOT_SIZE;
    for (std::uint32_t at = 0; at < component_len; at += MO_SOC_FLASH_SECTOR) {
        p.store(hw::MO_SOC_FLASH_ADDR, base + at);
        p.store(hw::MO_SOC_FLASH_CMD, MO_SOC_FLASH_ERASE);
        poll_idle();
        p.store(hw::MO_SOC_FLASH_LEN, std::min<std::uint32_t>(component_len - at, 4096));
        p.store(hw::MO_SOC_FLASH_SRC, MO_SOC_STAGE_BASE + 128 * 1024 + at);
        p.store(hw::MO_SOC_FLASH_CMD, MO_SOC_FLASH_PROGRAM);
        poll_idle();
    }
    p.fetch(t2, hw::MO_SOC_FLASH_STATUS).load(t0, hw::MO_SOC_SYS_HEARTBEAT).add({sw(t2, 0, t0)});
    p.store(hw::MO_SOC_SYS_STATE, hw::MO_MGMT_RUNNING).add({wfi, jal(zero, -4)});
    return p.bytes();
}

/// Writes `component` into a flash slot through the flash controller.
void flash_component(Device& device, std::uint32_t slot, const Bytes& component) {
    const Bytes image = flasher_image(slot, static_cast<std::uint32_t>(component.size()));
    Header header = good_header();
    describe_image(header, image);
    sign_header(header);
    ASSERT_TRUE(device.soc.stage_write(128 * 1024, component));
    device.boot_staged(join(header, image));
    ASSERT_EQ(device.soc.state(), hw::MO_MGMT_RUNNING);
    ASSERT_EQ(device.soc.heartbeat(), 0U) << "flash status after programming";
}

TEST(Boot, FlashSlotRunsAtPowerOn) {
    Device device;
    flash_component(device, 0, good_component(6000));
    device.soc.power_on(0);
    device.soc.run(0, boot_budget);
    EXPECT_EQ(device.soc.state(), hw::MO_MGMT_RUNNING);
    EXPECT_EQ(device.soc.fw_version(), 0x010203U);
    EXPECT_EQ(device.soc.boot_slot(), 0U);
}

TEST(Boot, OtherSlotIsTriedAndRemembered) {
    Device device;
    flash_component(device, 0, flipped(MO_FW_HDR_LEN)());
    flash_component(device, 1, good_component());
    device.soc.power_on(0);
    device.soc.run(0, boot_budget);
    EXPECT_EQ(device.soc.state(), hw::MO_MGMT_RUNNING);
    EXPECT_EQ(device.soc.boot_slot(), 1U);
}

TEST(Boot, AnUpdateThatIsCutAnywhereLeavesTheOtherSlotBootable) {
    const Bytes next = good_component(6000); // two sectors
    const Bytes image = flasher_image(1, static_cast<std::uint32_t>(next.size()));
    Header header = good_header();
    describe_image(header, image);
    sign_header(header);
    const Bytes flasher = join(header, image);
    std::uint64_t whole = 0;
    unsigned torn = 0;
    for (unsigned cut = 0; cut <= 8; ++cut) { // the first one tells how long it takes
        Device device;
        flash_component(device, 0, good_component());
        const Bytes before(device.soc.flash().begin(), device.soc.flash().end());
        ASSERT_TRUE(device.soc.stage_write(128 * 1024, next));
        const std::uint64_t budget = cut == 0 ? boot_budget : whole * cut / 9;
        const RunResult result = device.boot_staged(flasher, budget);
        if (cut == 0) {
            whole = result.instructions;
            continue;
        }
        device.soc.power_on(0);
        const Bytes after(device.soc.flash().begin(), device.soc.flash().end());
        const auto sector = after.begin() + MO_SOC_FLASH_SLOT_SIZE;
        const auto erased = std::count(sector, sector + MO_SOC_FLASH_SECTOR, 0xff);
        torn += after != before && erased != MO_SOC_FLASH_SECTOR ? 1 : 0;
        device.soc.run(0, boot_budget);
        ASSERT_EQ(device.soc.state(), hw::MO_MGMT_RUNNING) << cut;
        EXPECT_EQ(device.soc.boot_slot(), 0U) << cut;
    }
    EXPECT_GT(torn, 0U);
}

TEST(Boot, BadSlotAndEmptySlotReportTheBadOne) {
    Device device;
    flash_component(device, 1, flipped(MO_FW_HDR_LEN)());
    device.soc.power_on(0);
    device.soc.run(0, boot_budget);
    EXPECT_EQ(device.soc.state(), hw::MO_MGMT_REJECTED);
    EXPECT_EQ(device.soc.error(), hw::MO_FW_ERR_HASH);
}

/// Firmware whose whole text is `word`.
Bytes one_word_component(std::uint32_t word) {
    const Bytes image = Program().add({word}).bytes();
    Header header = good_header();
    describe_image(header, image);
    sign_header(header);
    return join(header, image);
}

TEST(Boot, FirmwareThatRunsAwayCrashes) {
    // Zeros behind its only instruction are illegal; the ROM's trap vector still stands.
    Device device;
    const RunResult result = device.boot_staged(one_word_component(nop));
    EXPECT_EQ(result.stop, RunStop::halted);
    EXPECT_EQ(device.soc.state(), hw::MO_MGMT_CRASHED);
    EXPECT_EQ(device.soc.error(), hw::MO_FW_ERR_TRAP);
    EXPECT_EQ(device.soc.crash_pc(), MO_SOC_RAM_BASE + 4U);
    EXPECT_EQ(device.soc.crash_cause(), 2U);
    EXPECT_NE(device.host.log.find("trap: cause 2"), std::string::npos);
}

TEST(Boot, SameInputSameRun) {
    Device one;
    Device two;
    const RunResult first = one.boot_staged(good_component());
    const RunResult second = two.boot_staged(good_component());
    EXPECT_EQ(first.instructions, second.instructions);
    EXPECT_EQ(first.end_ns, second.end_ns);
    EXPECT_EQ(one.soc.core().x, two.soc.core().x);
}

} // namespace
} // namespace mo::mgmt::test
