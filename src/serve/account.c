#include "serve/account.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

enum { NS_PER_US = 1000 };

void
account_reopen(const struct accounts *accounts)
{
	if (accounts->log != NULL)
		accesslog_reopen(accounts->log);
	if (accounts->stats != NULL)
		stats_forget_slowest(accounts->stats);
}

void
account_begin(struct account *account, const struct accounts *accounts)
{
	*account =
		(struct account){.accounts = accounts, .phase = PHASE_INFLATE};
	if (accounts != NULL)
		account->began = account->mark = clock_ns();
}

void
account_note(struct account *account, const struct request *request,
	struct arena *arena)
{
	static const enum param noted[] = {PARAM_REMOTE_ADDR, PARAM_REMOTE_USER,
		PARAM_REQUEST_METHOD, PARAM_REQUEST_URI, PARAM_SERVER_PROTOCOL,
		PARAM_REFERER, PARAM_USER_AGENT};
	struct request *copy;

	if (account->accounts == NULL)
		return;
	copy = arena_get(arena, sizeof(*copy));
	if (copy == NULL)
		return;
	*copy = (struct request){.method = request->method};
	for (size_t i = 0; i < sizeof(noted) / sizeof(noted[0]); i++)
		copy->param[noted[i]] =
			arena_copy(arena, request->param[noted[i]]);
	account->request = copy;
}

void
account_enter(struct account *account, enum phase phase)
{
	int64_t now;

	if (account->accounts == NULL || phase == account->phase)
		return;
	now = clock_ns();
	account->spent[account->phase] += now - account->mark;
	account->mark = now;
	account->phase = phase;
	if (phase == PHASE_SEND && account->first == 0)
		account->first = now;
}

/* How long the request took, without the time in which the peer took nothing.
 */
static int64_t
own_time(const struct account *account)
{
	return account->mark - account->began - account->spent[PHASE_PEER];
}

/* Count the response by its kind. */
static void
count_kind(struct counters *mine, const struct response *response)
{
	static const enum count kinds[SENTS] = {
		[SENT_AS_IT_LIES] = COUNT_AS_IT_LIES,
		[SENT_GZIP] = COUNT_GZIP,
		[SENT_INFLATED] = COUNT_INFLATED,
		[SENT_UNPACKED] = COUNT_INFLATED,
		[SENT_HANDED_OFF] = COUNT_HANDED_OFF,
	};
	int class = (int)response->status / 100;

	if (class >= 2 && class <= 5)
		stats_count(mine, COUNT_2XX + (enum count)(class - 2), 1);
	if (class == 2 && !response->head && response->sent != SENT_NO_MEMBER)
		stats_count(mine, kinds[response->sent], 1);
	if (response->archive.n > 0)
		stats_count(
			mine, response->opened ? COUNT_MISSES : COUNT_HITS, 1);
}

static void
count(const struct account *account, struct counters *mine,
	const struct response *response, bool cut, time_t ended)
{
	struct slow_request slow = {
		.ns = own_time(account),
		.ended = ended,
		.status = (int)response->status,
	};
	int64_t first = account->first ? account->first : account->mark;

	count_kind(mine, response);
	stats_count(mine, COUNT_BYTES, account->bytes);
	if (response->body.archive != NULL)
		archive_count(response->body.archive, account->bytes);
	stats_count(mine, COUNT_CUT, cut);
	stats_time(mine, TIME_FIRST, first - account->began);
	stats_time(mine, TIME_LAST, account->mark - account->began);
	if (!stats_is_slow(mine, slow.ns))
		return;
	memcpy(slow.spent, account->spent, sizeof(slow.spent));
	if (account->request != NULL) {
		struct str uri = account->request->param[PARAM_REQUEST_URI];

		slow.n = uri.n < STATS_URI_SIZE ? uri.n : STATS_URI_SIZE;
		memcpy(slow.uri, uri.p ? uri.p : "", slow.n);
	}
	stats_slow(mine, &slow);
}

/* Print nanoseconds as milliseconds. */
static struct str
print_ms(char text[32], int64_t ns)
{
	int n = snprintf(text, 32, "%.3f", (double)ns / 1e6);

	return (struct str){text, (size_t)n};
}

static void
log_slow(const struct account *account, const struct response *response)
{
	const struct request *request = account->request;
	char ms[32], part[PHASES][32], status[16];

	snprintf(status, sizeof(status), "%d", (int)response->status);
	log_pairs(LOG_WARN, "slow-request",
		{"uri",
			request ? request->param[PARAM_REQUEST_URI]
				: (struct str){NULL, 0}},
		{"archive", response->archive}, {"member", response->member},
		{"status", str_of(status)},
		{"ms", print_ms(ms, own_time(account))},
		{phase_names[0], print_ms(part[0], account->spent[0])},
		{phase_names[1], print_ms(part[1], account->spent[1])},
		{phase_names[2], print_ms(part[2], account->spent[2])},
		{phase_names[3], print_ms(part[3], account->spent[3])},
		{phase_names[4], print_ms(part[4], account->spent[4])});
}

struct access
account_access(struct account *account, const struct response *response)
{
	/* PHASES is not a phase, so this only ends the current one. */
	account_enter(account, PHASES);
	account->spent[PHASE_OPEN] += response->opening;
	account->spent[PHASE_INFLATE] -= response->opening;
	return (struct access){
		.request = account->request,
		.response = response,
		.bytes = account->bytes,
		.us = (account->mark - account->began) / NS_PER_US,
		.ended = time(NULL),
	};
}

void
account_end(struct account *account, struct counters *mine,
	const struct response *response, bool cut)
{
	const struct accounts *accounts = account->accounts;
	struct access access;
	struct line line;

	if (accounts == NULL)
		return;
	access = account_access(account, response);
	if (mine != NULL)
		count(account, mine, response, cut, access.ended);
	if (accounts->log != NULL) {
		accesslog_format(&line, &access);
		accesslog_write(accounts->log, &line);
	}
	if (accounts->slow_ns >= 0 && own_time(account) > accounts->slow_ns)
		log_slow(account, response);
	account->accounts = NULL;
}
