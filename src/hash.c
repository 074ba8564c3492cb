#include "hash.h"

#include <sys/random.h>
#include <time.h>

#include "bytes.h"

#define PRIME ((UINT64_C(1) << 61) - 1)

__extension__ typedef unsigned __int128 wide;

uint64_t
hash_key(void)
{
	uint64_t key = 0;

	/* It fails only where the system call is forbidden. */
	if (getrandom(&key, sizeof(key), 0) < (ssize_t)sizeof(key)) {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		key = (uint64_t)now.tv_sec * 1000000007u +
			(uint64_t)now.tv_nsec;
	}
	return key % (PRIME - 1) + 1;
}

/* n modulo PRIME, or PRIME itself for 0. */
static uint64_t
fold(wide n)
{
	uint64_t sum = (uint64_t)(n & PRIME) + (uint64_t)(n >> 61);

	return sum > PRIME ? sum - PRIME : sum;
}

uint64_t
hash_name(uint64_t key, struct str name)
{
	const unsigned char *p = (const unsigned char *)name.p;
	uint64_t h = name.n, piece = 0;

	for (; name.n > 7; name.n -= 7, p += 7)
		h = fold((wide)h * key + get64(p) % (UINT64_C(1) << 56));
	while (name.n > 0)
		piece = piece << 8 | p[--name.n];
	h = fold((wide)h * key + piece);
	return fold((wide)h * key);
}

size_t
hash_place(uint64_t hash, size_t slots)
{
	return (size_t)((wide)hash * slots >> 61);
}
