/* SPDX-License-Identifier: Apache-2.0 */
/* random.c - Philox4x32-10, counter based. */
#include "base/random.h"

uint64_t mn_random_u64(uint64_t seed, uint64_t position)
{
    uint32_t counter[4] = { (uint32_t)position, (uint32_t)(position >> 32), 0, 0 };
    uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * counter[0];
        uint64_t b = (uint64_t)0xCD9E8D57u * counter[2];
        uint32_t next[4] = { (uint32_t)(b >> 32) ^ counter[1] ^ key[0], (uint32_t)b,
                             (uint32_t)(a >> 32) ^ counter[3] ^ key[1], (uint32_t)a };
        for (int i = 0; i < 4; i++) counter[i] = next[i];
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return (uint64_t)counter[1] << 32 | counter[0];
}

double mn_random_unit(uint64_t seed, uint64_t position)
{
    return (double)(mn_random_u64(seed, position) >> 11) * 0x1p-53;
}
