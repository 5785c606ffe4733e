/* mesh_tls_test.c - callers that speak TLS, but not as members do. */
#include "node/test_mesh.h"
#include "node/tls.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

static int call(const struct world *world)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons(ec_mesh_port(world->member[0].mesh)),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static EVP_PKEY *key_of(const struct ec_secret *secret)
{
	EVP_PKEY *key =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret->seed, EC_SEED_SIZE);
	assert_non_null(key);
	return key;
}

/* Shows a certificate of `shown` that `signer` signed. */
static void certificate_use(SSL_CTX *ctx, EVP_PKEY *shown, EVP_PKEY *signer)
{
	X509 *certificate = X509_new();
	X509_set_version(certificate, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, shown);
	assert_true(X509_sign(certificate, signer, NULL) > 0);
	assert_int_equal(SSL_CTX_use_certificate(ctx, certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, shown), 1);
	X509_free(certificate);
}

/* Goes on with an OpenSSL client until the other side has ended it.  Returns: whether it has. */
static bool over(SSL *ssl)
{
	char byte;
	ERR_clear_error();
	int got = SSL_read(ssl, &byte, 1);
	int error = SSL_get_error(ssl, got);
	return got <= 0 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
}

/* Calls member 0 of two that are linked, and is refused for the reason. */
static void client_refused(SSL_CTX *ctx, const char *reason)
{
	struct world world;
	world_begin(&world);
	members_open(&world, 2, usual);
	UNTIL(&world, all_up(&world, 2));
	run_for(&world, 500);
	uint32_t downs = world.member[0].downs;
	uint64_t refused = ec_mesh_counters(world.member[0].mesh).refused;
	int fd = call(&world);
	SSL *ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	SSL_set_connect_state(ssl);
	UNTIL(&world, over(ssl) && ec_mesh_counters(world.member[0].mesh).refused > refused);
	if (!strstr(world.member[0].last, reason))
		fail_msg("not for \"%s\" but: %s", reason, world.member[0].last);
	assert_int_equal(ec_mesh_counters(world.member[0].mesh).refused, refused + 1);
	assert_int_equal(world.member[0].downs, downs);
	assert_true(all_up(&world, 2));
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	world_end(&world);
}

static void tls_1_2_is_refused(void **state)
{
	(void)state;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	assert_int_equal(SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION), 1);
	client_refused(ctx, "no TLS: unsupported protocol");
}

static void who_shows_no_certificate_is_refused(void **state)
{
	(void)state;
	client_refused(SSL_CTX_new(TLS_client_method()),
	               "no TLS: peer did not return a certificate");
}

/* The key of a member, but the certificate is not its own word. */
static void a_certificate_of_another_hand_is_refused(void **state)
{
	(void)state;
	struct world names;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	world_begin(&names);
	EVP_PKEY *shown = key_of(&names.member[1].secret), *signer = key_of(&names.other.secret);
	certificate_use(ctx, shown, signer);
	world_end(&names);
	EVP_PKEY_free(shown);
	EVP_PKEY_free(signer);
	client_refused(ctx, "its certificate is not signed by its own key");
}

static void a_key_of_another_kind_is_refused(void **state)
{
	(void)state;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
	assert_non_null(key);
	certificate_use(ctx, key, key);
	EVP_PKEY_free(key);
	/* Our side asks for ed25519 signatures only: such a client has none to show. */
	client_refused(ctx, "no TLS: peer did not return a certificate");
}

static bool anybody(void *self, const uint8_t key[static EC_KEY_SIZE], char *why, size_t why_size)
{
	(void)self, (void)key, (void)why, (void)why_size;
	return true;
}

/* A caller with the certificate of member 1 that says `words` once TLS is there. */
struct caller {
	int fd;
	struct tls *tls;
	const uint8_t *words;
	size_t size;
	bool shaken;
};

/* Goes on.  Returns: whether the other side ended it. */
static bool caller_over(struct caller *caller)
{
	uint8_t bytes[4096];
	const uint8_t *data;
	ssize_t got = recv(caller->fd, bytes, sizeof bytes, 0);
	if (got == 0 || (got < 0 && errno != EAGAIN))
		return true;
	if (got > 0)
		assert_true(tls_feed(caller->tls, bytes, (size_t)got));
	if (!caller->shaken && tls_handshake(caller->tls) == TLS_GOOD) {
		caller->shaken = true;
		assert_true(tls_write(caller->tls, caller->words, caller->size));
	}
	size_t size = tls_out(caller->tls, &data);
	if (size && send(caller->fd, data, size, MSG_NOSIGNAL) == (ssize_t)size)
		tls_out_taken(caller->tls, size);
	return false;
}

static void words_refused(const uint8_t *words, size_t size, const char *reason)
{
	char why[160];
	struct world world;
	world_begin(&world);
	member_open(&world, &world.member[0], usual);
	struct tls_context *context = tls_context_new(&world.member[1].secret, why, sizeof why);
	struct caller caller = {.fd = call(&world),
	                        .tls = tls_new(context, false, anybody, NULL),
	                        .words = words,
	                        .size = size};
	UNTIL(&world, caller_over(&caller) && world.member[0].events[EC_MESH_REFUSED]);
	assert_true(caller.shaken);
	if (!strstr(world.member[0].last, reason))
		fail_msg("not for \"%s\" but: %s", reason, world.member[0].last);
	assert_int_equal(world.member[0].ups, 0);
	assert_int_equal(ec_mesh_counters(world.member[0].mesh).refused, 1);
	tls_free(caller.tls);
	tls_context_free(context);
	close(caller.fd);
	world_end(&world);
}

enum { HELLO = 15 + 32 + 16 }; /* as mesh.h says */

static void garbage_behind_a_good_certificate_is_refused(void **state)
{
	(void)state;
	static const char reason[] = "it does not speak edgecord/link/2";
	uint8_t words[4 + HELLO] = {HELLO};
	words_refused(words, sizeof words, reason);
	memcpy(words + 4, "edgecord/link/1", 15);
	words_refused(words, sizeof words, reason);
	/* The right name in a hello that is too short. */
	memcpy(words + 4, "edgecord/link/2", 15);
	words[0] = HELLO - 1;
	words_refused(words, 4 + HELLO - 1, reason);
}

static void a_hello_that_is_too_long_is_refused(void **state)
{
	(void)state;
	static const uint8_t longer[4] = {HELLO + 1}, longest[4] = {0xff, 0xff, 0xff, 0xff};
	words_refused(longer, 4, "it announces a frame of 64 bytes; at most 63 are taken");
	words_refused(longest, 4, "it announces a frame of 4294967295 bytes; at most 63 are");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_1_2_is_refused),
		cmocka_unit_test(who_shows_no_certificate_is_refused),
		cmocka_unit_test(a_certificate_of_another_hand_is_refused),
		cmocka_unit_test(a_key_of_another_kind_is_refused),
		cmocka_unit_test(garbage_behind_a_good_certificate_is_refused),
		cmocka_unit_test(a_hello_that_is_too_long_is_refused),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
