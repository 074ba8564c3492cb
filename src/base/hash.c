#include "base/hash.h"

#include <sys/random.h>
#include <time.h>

#include "base/bytes.h"

#define PRIME ((UINT64_C(1) << 61) - 1)

uint64_t
hash_key(void)
{
	uint64_t key = 0;

	/* getrandom only fails where it is forbidden. */
	if (getrandom(&key, sizeof(key), 0) < (ssize_t)sizeof(key)) {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		key = (uint64_t)now.tv_sec * 1000000007u +
			(uint64_t)now.tv_nsec;
	}
	return key % (PRIME - 1) + 1;
}

/* h * key + piece modulo PRIME.  A multiple of PRIME gives PRIME, so that only
 * the empty name has the hash 0.  h and key are at most PRIME, piece is less
 * than 2^56. */
#ifdef __SIZEOF_INT128__

__extension__ typedef unsigned __int128 wide;

static uint64_t
hash_step(uint64_t h, uint64_t key, uint64_t piece)
{
	wide n = (wide)h * key + piece;
	uint64_t sum = (uint64_t)(n & PRIME) + (uint64_t)(n >> 61);

	return sum > PRIME ? sum - PRIME : sum;
}

#else

/* With only 64-bit products, multiply in halves.  Modulo PRIME, 2^61 is 1 and
 * 2^62 is 2, so the bits of the middle product from 2^61 up are added back at
 * the bottom. */
static uint64_t
hash_step(uint64_t h, uint64_t key, uint64_t piece)
{
	const uint64_t low = (UINT64_C(1) << 31) - 1;
	uint64_t middle = (h >> 31) * (key & low) + (h & low) * (key >> 31);
	uint64_t n = 2 * (h >> 31) * (key >> 31) + (middle >> 30) +
		((middle & low >> 1) << 31) + (h & low) * (key & low) + piece;
	uint64_t sum = (n & PRIME) + (n >> 61);

	return sum > PRIME ? sum - PRIME : sum;
}

#endif

uint64_t
hash_name(uint64_t key, struct str name)
{
	const unsigned char *p = (const unsigned char *)name.p;
	uint64_t h = name.n, piece = 0;

	for (; name.n > 7; name.n -= 7, p += 7)
		h = hash_step(h, key, get64(p) % (UINT64_C(1) << 56));
	while (name.n > 0)
		piece = piece << 8 | p[--name.n];
	return hash_step(hash_step(h, key, piece), key, 0);
}

uint32_t
hash_place(uint64_t hash, uint32_t slots)
{
	return (uint32_t)((hash >> 29) * slots >> 32);
}
