/* Hashing of names that attackers could choose so that they collide.
 *
 * A name is taken as a polynomial over the integers modulo 2^61-1, with its
 * pieces of 7 bytes as coefficients.  Its hash is the value at a secret random
 * point.  Two names of up to L pieces, chosen without knowing the point, have
 * the same hash with a probability of L / 2^61. */

#ifndef HASH_H
#define HASH_H

#include "base/str.h"

/* A random point, to be used as key.  Any thread. */
uint64_t hash_key(void);

/* The hash of name: 61 bits, the same on every processor.  Pure. */
uint64_t hash_name(uint64_t key, struct str name);

/* A hash of a number that nobody chooses, in the first bits.  Pure. */
static inline uint64_t
hash_number(uint64_t number)
{
	return number * UINT64_C(0x9e3779b97f4a7c15);
}

/* Map hash evenly to a place from 0 to slots - 1.  Pure. */
uint32_t hash_place(uint64_t hash, uint32_t slots);

static inline uint32_t
hash_slot(uint64_t key, struct str name, uint32_t slots)
{
	return hash_place(hash_name(key, name), slots);
}

#endif
