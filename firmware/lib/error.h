// SPDX-License-Identifier: GPL-2.0-or-later
// Errors inside the firmware: X(NAME, letters of the module, number in it, text). The value is
// readable in a memory dump ("I2" 01 00). Append only; what the host sees are MO_MB_ERR_* and
// MO_FW_ERR_* instead.
#ifndef MO_FW_ERROR_H
#define MO_FW_ERROR_H

#include <stdint.h>

#define MO_ERR_VALUE(a, b, number) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(number) << 16)

#define MO_ERRORS(X)                                                                               \
    X(I2C_PARAM, 'I', '2', 1, "I2C transfer is out of range")                                      \
    X(I2C_BUSY, 'I', '2', 2, "I2C controller is busy")                                             \
    X(I2C_NACK, 'I', '2', 3, "module does not acknowledge")                                        \
    X(I2C_TIMEOUT, 'I', '2', 4, "I2C transfer did not end")                                        \
    X(LANE, 'L', 'N', 1, "no such lane")                                                           \
    X(RATE, 'L', 'N', 2, "no such lane rate")                                                      \
    X(FIR, 'L', 'N', 3, "transmit tap is out of range")                                            \
    X(PCS_FEC, 'P', 'C', 1, "not exactly one FEC mode")                                            \
    X(PCS_LANES, 'P', 'C', 2, "lane mask is empty or out of range")                                \
    X(MAC_SPEED, 'M', 'A', 1, "speed is zero")                                                     \
    X(FLASH_RANGE, 'F', 'L', 1, "flash operation is out of range")                                 \
    X(FLASH_BUSY, 'F', 'L', 2, "flash controller is busy")                                         \
    X(FLASH_FAILED, 'F', 'L', 3, "flash operation failed")                                         \
    X(QUEUE_FULL, 'Q', 'U', 1, "queue is full")                                                    \
    X(MODULE_PAGE, 'C', 'M', 1, "module has no such page")                                         \
    X(TIMER, 'T', 'I', 1, "no such timer")                                                         \
    X(WDOG, 'W', 'D', 1, "watchdog period is zero")

enum mo_err {
    MO_ERR_NONE = 0,
#define X(name, a, b, number, text) MO_ERR_##name = MO_ERR_VALUE(a, b, number),
    MO_ERRORS(X)
#undef X
};

typedef enum mo_err mo_err_t;

// Every result must be used.
#define MO_MUST_USE __attribute__((warn_unused_result))

#endif // MO_FW_ERROR_H
