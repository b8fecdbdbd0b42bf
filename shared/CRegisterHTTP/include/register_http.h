#ifndef REGISTER_HTTP_H
#define REGISTER_HTTP_H

#include <stddef.h>
#include <stdint.h>

// Outgoing HTTP/1.1 over one libcurl multi handle, for one thread.
//
// Everything but register_http_wake is called by the thread that owns the handle. A request carries an id of the
// caller's choosing, and each added request gives exactly one result under that id. Nothing is repeated, redirected,
// decompressed, proxied or remembered in cookies; only http and https are spoken. curl's setopt is variadic, which
// Swift cannot call; that is why this shim exists.

typedef struct register_http register_http;

// How a request ended. Values are part of no wire and may be renumbered.
enum register_http_outcome {
    REGISTER_HTTP_ANSWERED = 0,
    REGISTER_HTTP_INVALID_URL = 1,
    REGISTER_HTTP_UNSUPPORTED_SCHEME = 2,
    REGISTER_HTTP_ADDRESS_REFUSED = 3,
    REGISTER_HTTP_NAME_NOT_FOUND = 4,
    REGISTER_HTTP_CONNECT_FAILED = 5,
    REGISTER_HTTP_CONNECT_TIMED_OUT = 6,
    REGISTER_HTTP_TLS_FAILED = 7,
    REGISTER_HTTP_TIMED_OUT = 8,
    REGISTER_HTTP_CLOSED = 9,
    REGISTER_HTTP_RESPONSE_TOO_LARGE = 10,
    REGISTER_HTTP_NOT_HTTP = 11,
    REGISTER_HTTP_CANCELLED = 12,
    REGISTER_HTTP_FAILED = 13,
};

// Says whether a socket to this address may be opened: 4 or 16 bytes in network order. Returns 0 to refuse.
// Called on the owning thread, for each address a name resolves to, right before the socket is made.
typedef int (*register_http_address_check)(void *context, const uint8_t *address, size_t length);

// What becomes of a part of a streamed answer's body.
enum register_http_taken {
    REGISTER_HTTP_TAKEN = 0,
    REGISTER_HTTP_PAUSE = 1, // not taken: the same part comes again after register_http_resume
};

// Takes a part of the body of a request that streams, whatever its status. Called on the owning thread.
typedef int (*register_http_body_sink)(
    void *context, uint64_t id, int status, const uint8_t *bytes, size_t length);

typedef struct {
    uint64_t id;
    int is_post;
    const char *url;
    const char *header_lines; // "Name: value" lines, each ended by '\n'; may be NULL
    const uint8_t *body;      // sent when is_post; may be NULL when body_length is 0
    size_t body_length;
    long connect_limit_ms; // name lookup, TCP and TLS
    long total_limit_ms;   // everything
    size_t max_response_bytes;
    int verify_tls;
    int fresh_connection; // on a connection made for this request, and closed after it
    int streams;          // the body goes to the sink as it comes, and is no part of the result
    const char *ca_path;  // a PEM file of accepted authorities; NULL for the system's
} register_http_request;

// Texts and body are valid until the next call on the handle.
typedef struct {
    uint64_t id;
    int outcome;
    int status;
    const uint8_t *body;
    size_t body_length;
    long request_size; // bytes of the request handed to the network; 0 proves that nothing left
    int64_t lookup_us;
    int64_t connect_us;
    int64_t total_us;
    const char *remote_address; // empty when no connection was made
    const char *error_text;     // curl's own words; never the URL
} register_http_result;

// NULL when libcurl cannot start.
register_http *register_http_create(
    register_http_address_check check, register_http_body_sink sink, void *context, long kept_connections);

// Requests still under way give no result.
void register_http_destroy(register_http *http);

// A write to a socket or TLS session the peer has closed must not end the process. Call once on the owning thread.
void register_http_block_sigpipe(void);

// Returns 0, or -1 when the request could not be started: then it gives no result and nothing left.
int register_http_add(register_http *http, const register_http_request *request);

// Ends a request now; its result (REGISTER_HTTP_CANCELLED) still tells what had left. An unknown id is ignored.
void register_http_cancel(register_http *http, uint64_t id);

// Lets a paused request go on. An unknown id, and one that is not paused, is ignored.
void register_http_resume(register_http *http, uint64_t id);

// Moves transfers on, then waits until there is something to do, a wake-up, or the time is over.
void register_http_poll(register_http *http, int timeout_ms);

// The only call allowed from other threads.
void register_http_wake(register_http *http);

// The next finished request, or NULL.
const register_http_result *register_http_next(register_http *http);

#endif
