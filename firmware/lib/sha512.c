// SPDX-License-Identifier: GPL-2.0-or-later
/* SHA-512, FIPS 180-4. Plain and small; on RV32 about 45 instructions a byte. */
#include "lib/sha512.h"

/* FIPS 180-4 section 4.2.3: cube roots of the first 80 primes. */
static const uint64_t round_constants[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f,
	0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
	0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242,
	0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
	0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
	0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
	0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f,
	0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
	0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc,
	0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6,
	0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
	0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
	0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99,
	0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
	0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc,
	0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
	0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207,
	0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba,
	0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
	0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
	0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

/* FIPS 180-4 section 5.3.5: square roots of the first 8 primes. */
static const uint64_t initial_state[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
	0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
	0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static uint64_t rotate(uint64_t x, unsigned int n)
{
	return x >> n | x << (64 - n);
}

static uint64_t load_be64(const uint8_t *p)
{
	uint32_t high = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
			(uint32_t)p[2] << 8 | p[3];
	uint32_t low = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 |
		       (uint32_t)p[6] << 8 | p[7];

	return (uint64_t)high << 32 | low;
}

/* FIPS 180-4 section 6.4.2, with the message schedule in a ring of 16. */
static void compress(uint64_t state[8], const uint8_t block[128])
{
	uint64_t w[16];
	uint64_t s[8];
	unsigned int t;
	unsigned int i;

	for (i = 0; i < 8; i++)
		s[i] = state[i];
	for (t = 0; t < 80; t++) {
		uint64_t e = s[4];
		uint64_t a = s[0];
		uint64_t t1;
		uint64_t t2;

		if (t < 16) {
			w[t] = load_be64(block + 8 * t);
		} else {
			uint64_t x = w[(t + 14) & 15];
			uint64_t y = w[(t + 1) & 15];

			w[t & 15] += (rotate(x, 19) ^ rotate(x, 61) ^ x >> 6) +
				     w[(t + 9) & 15] +
				     (rotate(y, 1) ^ rotate(y, 8) ^ y >> 7);
		}
		t1 = s[7] + (rotate(e, 14) ^ rotate(e, 18) ^ rotate(e, 41)) +
		     ((e & s[5]) ^ (~e & s[6])) + round_constants[t] +
		     w[t & 15];
		t2 = (rotate(a, 28) ^ rotate(a, 34) ^ rotate(a, 39)) +
		     ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
		s[7] = s[6];
		s[6] = s[5];
		s[5] = s[4];
		s[4] = s[3] + t1;
		s[3] = s[2];
		s[2] = s[1];
		s[1] = s[0];
		s[0] = t1 + t2;
	}
	for (i = 0; i < 8; i++)
		state[i] += s[i];
}

void mo_sha512_init(struct mo_sha512 *hash)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		hash->state[i] = initial_state[i];
	hash->len = 0;
}

void mo_sha512_update(struct mo_sha512 *hash, const void *data, uint32_t len)
{
	uint32_t fill = (uint32_t)hash->len % sizeof(hash->block);
	const uint8_t *p = data;

	hash->len += len;
	while (len) {
		/* Whole blocks need no copy. */
		if (!fill && len >= sizeof(hash->block)) {
			compress(hash->state, p);
			p += sizeof(hash->block);
			len -= sizeof(hash->block);
			continue;
		}
		hash->block[fill++] = *p++;
		len--;
		if (fill == sizeof(hash->block)) {
			compress(hash->state, hash->block);
			fill = 0;
		}
	}
}

void mo_sha512_final(struct mo_sha512 *hash, uint8_t digest[64])
{
	static const uint8_t one_bit = 0x80;
	static const uint8_t zero;
	uint64_t bits = hash->len * 8;
	uint8_t length[16] = { 0 };
	unsigned int i;

	for (i = 0; i < 8; i++)
		length[15 - i] = (uint8_t)(bits >> (8 * i));
	mo_sha512_update(hash, &one_bit, 1);
	while (hash->len % sizeof(hash->block) != 112)
		mo_sha512_update(hash, &zero, 1);
	mo_sha512_update(hash, length, sizeof(length));
	for (i = 0; i < 64; i++)
		digest[i] = (uint8_t)(hash->state[i / 8] >> (56 - 8 * (i % 8)));
}
