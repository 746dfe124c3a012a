// SPDX-License-Identifier: GPL-2.0-or-later
// Images into the flash: checks, order, loss of power at every operation.
#include <algorithm>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "world.hpp"

extern "C" {
#include "lib/sha512.h"
}

namespace mo::fwtest {
namespace {

using Image = std::vector<std::uint8_t>;

Image make_image(std::size_t payload, std::uint8_t seed) {
    Image image(MO_FW_HDR_LEN + payload);
    for (std::size_t i = MO_FW_HDR_LEN; i < image.size(); ++i) {
        image[i] = static_cast<std::uint8_t>(i * 31 + seed);
    }
    hw::mo_fw_hdr hdr{};
    hdr.magic = MO_FW_MAGIC;
    hdr.hdr_version = MO_FW_HDR_VERSION;
    hdr.hdr_len = MO_FW_HDR_LEN;
    hdr.component = MO_FW_COMP_CONTROL;
    hdr.key_id = MO_FW_KEY_DEVELOPMENT;
    hdr.ver_major = 3;
    hdr.ver_patch = seed;
    hdr.if_major = MO_IF_MAJOR;
    hdr.if_minor = MO_IF_MINOR;
    hdr.security_version = 1;
    hdr.board_mask = 3;
    hdr.image_len = static_cast<std::uint32_t>(payload);
    hdr.load_addr = MO_SOC_RAM_BASE;
    hdr.entry = MO_SOC_RAM_BASE;
    std::fill(std::begin(hdr.build_id), std::end(hdr.build_id), seed);
    mo_sha512 hash{};
    mo_sha512_init(&hash);
    mo_sha512_update(&hash, image.data() + MO_FW_HDR_LEN, static_cast<std::uint32_t>(payload));
    mo_sha512_final(&hash, hdr.sha512);
    std::memcpy(image.data(), &hdr, sizeof(hdr));
    return image;
}

class Flash : public ::testing::Test {
  protected:
    void SetUp() override { world.boot(); }
    std::uint16_t write(std::uint8_t slot) {
        return world.request_with(world.a, hw::MO_MB_FLASH_WRITE, hw::mo_mb_flash_write{slot, {}})
            .hdr.status;
    }
    std::uint16_t select(std::uint8_t slot) {
        return world.request_with(world.a, hw::MO_MB_FLASH_SELECT, hw::mo_mb_flash_write{slot, {}})
            .hdr.status;
    }
    hw::mo_mb_flash_info info() {
        return world.request(world.a, hw::MO_MB_FLASH_INFO).as<hw::mo_mb_flash_info>();
    }
    World world;
};

TEST_F(Flash, EmptySlotsAreSaidToBeEmpty) {
    const auto at = info();
    EXPECT_EQ(at.slots, 2);
    EXPECT_EQ(at.slot[0].error, hw::MO_FW_ERR_EMPTY);
    EXPECT_EQ(at.slot[1].error, hw::MO_FW_ERR_EMPTY);
    EXPECT_EQ(select(0), hw::MO_MB_ERR_IMAGE);
}

TEST_F(Flash, ImageIsWrittenReadBackAndSelected) {
    const Image image = make_image(50'000, 7);
    world.a.stage(image);
    ASSERT_EQ(write(1), hw::MO_MB_OK) << world.a.log();
    EXPECT_TRUE(
        std::equal(image.begin(), image.end(), world.a.flash().begin() + MO_SOC_FLASH_SLOT_SIZE));
    const auto at = info();
    EXPECT_EQ(at.slot[1].error, hw::MO_FW_ERR_NONE);
    EXPECT_EQ(at.slot[1].ver_major, 3);
    EXPECT_EQ(at.slot[1].ver_patch, 7);
    EXPECT_EQ(at.slot[1].build_id[19], 7);
    EXPECT_EQ(at.boot_slot, 0);
    EXPECT_EQ(select(1), hw::MO_MB_OK);
    EXPECT_EQ(world.a.boot_slot(), 1U);
    EXPECT_EQ(info().boot_slot, 1);
    // A shorter one over a longer one.
    world.a.stage(make_image(100, 8));
    EXPECT_EQ(write(1), hw::MO_MB_OK);
    EXPECT_EQ(info().slot[1].ver_patch, 8);
}

TEST_F(Flash, BadImagesAreRefusedBeforeAnythingIsErased) {
    const Image good = make_image(4096, 1);
    const auto refuse = [&](Image image) {
        world.a.stage(std::move(image));
        EXPECT_EQ(write(0), hw::MO_MB_ERR_IMAGE);
        EXPECT_TRUE(std::all_of(world.a.flash().begin(), world.a.flash().end(),
                                [](std::uint8_t byte) { return byte == 0xff; }));
    };
    refuse({});
    refuse(Image(good.begin(), good.begin() + 255));
    refuse(Image(good.begin(), good.end() - 1));
    const auto change = [&](auto edit) {
        Image image = good;
        hw::mo_fw_hdr hdr{};
        ASSERT_GE(image.size(), sizeof(hdr));
        std::memcpy(&hdr, image.data(), sizeof(hdr));
        edit(hdr);
        std::memcpy(image.data(), &hdr, sizeof(hdr));
        refuse(image);
    };
    change([](hw::mo_fw_hdr& hdr) { hdr.magic = 1; });
    change([](hw::mo_fw_hdr& hdr) { hdr.hdr_version = 9; });
    change([](hw::mo_fw_hdr& hdr) { hdr.component = 9; });
    change([](hw::mo_fw_hdr& hdr) { hdr.board_mask = 2; });
    change([](hw::mo_fw_hdr& hdr) { hdr.if_major = MO_IF_MAJOR + 1; });
    change([](hw::mo_fw_hdr& hdr) { hdr.if_minor = MO_IF_MINOR + 1; });
    change([](hw::mo_fw_hdr& hdr) { hdr.key_id = 31; });
    change([](hw::mo_fw_hdr& hdr) { hdr.key_id = 0xffff; });
    change([](hw::mo_fw_hdr& hdr) { hdr.image_len = 0; });
    change([](hw::mo_fw_hdr& hdr) { hdr.image_len = 0xfffffffc; });
    change([](hw::mo_fw_hdr& hdr) { hdr.load_addr = 0xfffffffc; });
    change([](hw::mo_fw_hdr& hdr) { hdr.entry = 0; });
    change([](hw::mo_fw_hdr& hdr) { hdr.sha512[5] ^= 1; });
    Image flipped = good;
    flipped[MO_FW_HDR_LEN + 1000] ^= 4;
    refuse(flipped);
    world.a.stage(good);
    EXPECT_EQ(write(2), hw::MO_MB_ERR_PARAM);
    EXPECT_EQ(write(0), hw::MO_MB_OK);
}

TEST_F(Flash, LostPowerNeverLeavesASlotThatLooksGood) {
    const Image old = make_image(12'000, 1);
    const Image image = make_image(14'000, 2);
    // 4 sectors to erase, 4 to program, the header.
    for (unsigned operations = 0; operations <= 9; ++operations) {
        World fresh;
        fresh.boot();
        fresh.a.stage(old);
        const hw::mo_mb_flash_write slot{0, {}};
        ASSERT_EQ(fresh.request_with(fresh.a, hw::MO_MB_FLASH_WRITE, slot).hdr.status,
                  hw::MO_MB_OK);
        fresh.a.stage(image);
        fresh.a.fail_flash_after(operations);
        const auto status = fresh.request_with(fresh.a, hw::MO_MB_FLASH_WRITE, slot).hdr.status;
        const auto at = fresh.request(fresh.a, hw::MO_MB_FLASH_INFO).as<hw::mo_mb_flash_info>();
        if (operations == 9) {
            EXPECT_EQ(status, hw::MO_MB_OK);
            EXPECT_EQ(at.slot[0].ver_patch, 2);
        } else {
            EXPECT_EQ(status, hw::MO_MB_ERR_FLASH) << operations;
            if (operations == 0) {
                EXPECT_EQ(at.slot[0].ver_patch, 1); // untouched
            } else {
                EXPECT_EQ(at.slot[0].error, hw::MO_FW_ERR_EMPTY) << operations;
            }
        }
    }
}

TEST(FlashRunning, SlotThatRunsIsNotOverwritten) {
    optics::Port port{{8, 1, 35.0}};
    Chip chip(port, MO_BOARD_DEVKIT_800G, MO_SOC_BOOT_AUTO, 1);
    chip.boot(0);
    chip.stage(make_image(1000, 1));
    hw::mo_mb_hdr hdr{};
    hdr.cmd = hw::MO_MB_FLASH_WRITE;
    hdr.len = 4;
    std::vector<std::uint8_t> bytes(sizeof(hdr) + 4, 0);
    std::memcpy(bytes.data(), &hdr, sizeof(hdr));
    bytes[sizeof(hdr)] = 1;
    chip.submit(bytes);
    chip.run(1 * ms);
    std::vector<std::uint8_t> response;
    ASSERT_TRUE(chip.take_response(response));
    std::memcpy(&hdr, response.data(), sizeof(hdr));
    EXPECT_EQ(hdr.status, hw::MO_MB_ERR_BUSY);
}

TEST_F(Flash, TheLinkIsWatchedMeanwhile) {
    world.run_for(1 * second);
    world.set_link(world.a, true);
    world.set_link(world.b, true);
    ASSERT_TRUE(world.run_until(1 * second, [&] { return world.both_up(); }));
    world.a.stage(make_image(150'000, 3));
    hw::mo_mb_hdr hdr{};
    hdr.cmd = hw::MO_MB_FLASH_WRITE;
    hdr.len = 4;
    std::vector<std::uint8_t> bytes(sizeof(hdr) + 4, 0);
    std::memcpy(bytes.data(), &hdr, sizeof(hdr));
    world.a.submit(bytes);
    world.run_for(100 * ms);
    const std::uint64_t cut = world.now();
    world.fibre.cut(optics::Direction::from_b, cut);
    ASSERT_TRUE(world.run_until(1 * ms, [&] { return !world.a.gate_open(); }));
    std::vector<std::uint8_t> response;
    EXPECT_FALSE(world.a.take_response(response)); // still writing
    EXPECT_TRUE(world.run_until(10 * second, [&] { return world.a.take_response(response); }));
}

} // namespace
} // namespace mo::fwtest
