/* tls.c - one side of a TLS 1.3 connection over memory, by OpenSSL. */
#include "node/tls.h"

#include <assert.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

struct tls_context {
	SSL_CTX *ctx;
};

struct tls {
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
	tls_judge *judge;
	void *self;
	uint8_t key[EC_KEY_SIZE];
	char why[160];
};

/* The certificate says nothing but the key, and never expires (RFC 5280, 4.1.2.5). */
static X509 *certificate_make(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	if (!certificate)
		return NULL;
	X509_NAME *name = X509_get_subject_name(certificate);
	bool good = X509_set_version(certificate, X509_VERSION_3) &&
	            ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) &&
	            ASN1_TIME_set_string(X509_getm_notBefore(certificate), "19700101000000Z") &&
	            ASN1_TIME_set_string(X509_getm_notAfter(certificate), "99991231235959Z") &&
	            X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	                                       (const unsigned char *)"edgecord", -1, -1, 0) &&
	            X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key) &&
	            X509_sign(certificate, key, NULL);
	if (good)
		return certificate;
	X509_free(certificate);
	return NULL;
}

/* The key of a certificate that is self-signed by an Ed25519 key.  Out: key, or why not. */
static bool certificate_key(X509 *certificate, uint8_t key[static EC_KEY_SIZE], const char **why)
{
	size_t size = EC_KEY_SIZE;
	EVP_PKEY *public = certificate ? X509_get0_pubkey(certificate) : NULL;
	*why = "it shows no certificate of an Ed25519 key";
	if (!public || EVP_PKEY_id(public) != EVP_PKEY_ED25519 ||
	    EVP_PKEY_get_raw_public_key(public, key, &size) != 1 || size != EC_KEY_SIZE)
		return false;
	*why = "its certificate is not signed by its own key";
	return X509_verify(certificate, public) == 1;
}

/* Called by OpenSSL in place of judging a chain. */
static int certificate_judge(X509_STORE_CTX *store, void *unused)
{
	(void)unused;
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *tls = SSL_get_app_data(ssl);
	const char *why;
	bool good = certificate_key(X509_STORE_CTX_get0_cert(store), tls->key, &why);
	if (!good)
		snprintf(tls->why, sizeof tls->why, "%s", why);
	else
		good = tls->judge(tls->self, tls->key, tls->why, sizeof tls->why);
	X509_STORE_CTX_set_error(store, good ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
	return good;
}

static bool context_set(SSL_CTX *ctx, EVP_PKEY *key, X509 *certificate)
{
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, certificate_judge, NULL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) &&
	       SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:"
	                                     "TLS_CHACHA20_POLY1305_SHA256") &&
	       SSL_CTX_set1_groups_list(ctx, "X25519") &&
	       SSL_CTX_set1_sigalgs_list(ctx, "ed25519") &&
	       SSL_CTX_set_max_cert_list(ctx, 4096) >= 0 &&
	       SSL_CTX_use_certificate(ctx, certificate) == 1 &&
	       SSL_CTX_use_PrivateKey(ctx, key) == 1;
}

struct tls_context *tls_context_new(const struct ec_secret *identity, char *why, size_t why_size)
{
	struct tls_context *context = calloc(1, sizeof *context);
	EVP_PKEY *key =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, identity->seed, EC_SEED_SIZE);
	X509 *certificate = key ? certificate_make(key) : NULL;
	bool good = context && certificate && (context->ctx = SSL_CTX_new(TLS_method())) &&
	            context_set(context->ctx, key, certificate);
	X509_free(certificate);
	EVP_PKEY_free(key);
	if (good)
		return context;
	snprintf(why, why_size, "TLS cannot start: %s", ERR_reason_error_string(ERR_get_error()));
	tls_context_free(context);
	return NULL;
}

void tls_context_free(struct tls_context *context)
{
	if (context)
		SSL_CTX_free(context->ctx);
	free(context);
}

struct tls *tls_new(struct tls_context *context, bool server, tls_judge *judge, void *self)
{
	struct tls *tls = calloc(1, sizeof *tls);
	if (!tls)
		return NULL;
	tls->judge = judge;
	tls->self = self;
	tls->ssl = SSL_new(context->ctx);
	tls->in = BIO_new(BIO_s_mem());
	tls->out = BIO_new(BIO_s_mem());
	if (!tls->ssl || !tls->in || !tls->out) {
		BIO_free(tls->in);
		BIO_free(tls->out);
		SSL_free(tls->ssl);
		free(tls);
		return NULL;
	}
	SSL_set_bio(tls->ssl, tls->in, tls->out);
	SSL_set_app_data(tls->ssl, tls);
	if (server)
		SSL_set_accept_state(tls->ssl);
	else
		SSL_set_connect_state(tls->ssl);
	return tls;
}

void tls_free(struct tls *tls)
{
	if (tls)
		SSL_free(tls->ssl);
	free(tls);
}

bool tls_feed(struct tls *tls, const void *data, size_t size)
{
	assert(size <= INT_MAX);
	return BIO_write(tls->in, data, (int)size) == (int)size;
}

size_t tls_out(struct tls *tls, const uint8_t **data)
{
	char *at;
	long size = BIO_get_mem_data(tls->out, &at);
	*data = (const uint8_t *)at;
	return size > 0 ? (size_t)size : 0;
}

void tls_out_taken(struct tls *tls, size_t size)
{
	uint8_t sink[4096];
	while (size) {
		int got = BIO_read(tls->out, sink, size < sizeof sink ? (int)size : 4096);
		assert(got > 0);
		size -= (size_t)got;
	}
}

/* What an alert of the other side means to an operator. */
static void why_set(struct tls *tls)
{
	unsigned long error = ERR_peek_last_error();
	int reason = ERR_GET_REASON(error);
	if (tls->why[0])
		return;
	if (reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE || reason == SSL_R_TLSV1_ALERT_UNKNOWN_CA ||
	    reason == SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN ||
	    reason == SSL_R_TLSV1_ALERT_ACCESS_DENIED)
		snprintf(tls->why, sizeof tls->why, "it refused our key: not in its roster?");
	else if (error)
		snprintf(tls->why, sizeof tls->why, "no TLS: %s", ERR_reason_error_string(error));
	else
		snprintf(tls->why, sizeof tls->why, "no TLS");
}

/* What an answer of OpenSSL means. */
static enum tls_state state_of(struct tls *tls, int answer)
{
	if (answer > 0)
		return TLS_GOOD;
	switch (SSL_get_error(tls->ssl, answer)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return TLS_WAITS;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_ENDED;
	default:
		why_set(tls);
		return TLS_BAD;
	}
}

enum tls_state tls_handshake(struct tls *tls)
{
	ERR_clear_error();
	return state_of(tls, SSL_do_handshake(tls->ssl));
}

enum tls_state tls_read(struct tls *tls, void *data, size_t size, size_t *got)
{
	ERR_clear_error();
	return state_of(tls, SSL_read_ex(tls->ssl, data, size, got));
}

bool tls_waits(const struct tls *tls)
{
	return !BIO_pending(tls->in) && !SSL_has_pending(tls->ssl);
}

bool tls_write(struct tls *tls, const void *data, size_t size)
{
	const uint8_t *at = data;
	size_t written;
	while (size) {
		ERR_clear_error();
		if (state_of(tls, SSL_write_ex(tls->ssl, at, size, &written)) != TLS_GOOD)
			return false;
		at += written;
		size -= written;
	}
	return true;
}

const uint8_t *tls_key(const struct tls *tls)
{
	return tls->key;
}

const char *tls_why(const struct tls *tls)
{
	return tls->why;
}
