#include "register_http.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// Headers have no limit of their own in curl 7.88; this one ends an answer that is nothing but headers.
enum { MAX_HEADER_BYTES = 256 * 1024 };

struct transfer {
    register_http *http;
    struct transfer *next;
    CURL *easy;
    struct curl_slist *headers;
    uint8_t *request_body;
    uint8_t *body;
    size_t body_length;
    size_t body_capacity;
    size_t max_response_bytes;
    size_t header_bytes;
    uint64_t id;
    int sockets_refused;
    int sockets_opened;
    int too_large;
    int streams;
    int paused;
    char error_text[CURL_ERROR_SIZE];
};

struct register_http {
    CURLM *multi;
    register_http_address_check check;
    register_http_body_sink sink;
    void *context;
    struct transfer *active;
    struct transfer *cancelled;
    struct transfer *reported; // what the last result points into
    register_http_result result;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode started = CURLE_FAILED_INIT;

static void start_curl(void) { started = curl_global_init(CURL_GLOBAL_DEFAULT); }

register_http *register_http_create(
    register_http_address_check check, register_http_body_sink sink, void *context, long kept_connections) {
    pthread_once(&once, start_curl);
    if (started != CURLE_OK) {
        return NULL;
    }
    register_http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return NULL;
    }
    http->multi = curl_multi_init();
    if (http->multi == NULL) {
        free(http);
        return NULL;
    }
    http->check = check;
    http->sink = sink;
    http->context = context;
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, kept_connections);
    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return http;
}

static void free_transfer(struct transfer *transfer) {
    if (transfer == NULL) {
        return;
    }
    if (transfer->easy != NULL) {
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->headers);
    free(transfer->request_body);
    free(transfer->body);
    free(transfer);
}

static void free_all(register_http *http, struct transfer *list) {
    while (list != NULL) {
        struct transfer *next = list->next;
        curl_multi_remove_handle(http->multi, list->easy);
        free_transfer(list);
        list = next;
    }
}

void register_http_destroy(register_http *http) {
    if (http == NULL) {
        return;
    }
    free_all(http, http->active);
    free_all(http, http->cancelled);
    free_transfer(http->reported);
    curl_multi_cleanup(http->multi);
    free(http);
}

void register_http_block_sigpipe(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

// The address curl is about to connect to, after resolving and whatever form the host was written in: checking here
// leaves no gap for a name that resolves differently the second time.
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address) {
    struct transfer *transfer = user;
    const uint8_t *bytes = NULL;
    size_t length = 0;
    if (address->family == AF_INET) {
        bytes = (const uint8_t *)&((const struct sockaddr_in *)&address->addr)->sin_addr;
        length = 4;
    } else if (address->family == AF_INET6) {
        bytes = (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)&address->addr)->sin6_addr;
        length = 16;
    }
    if (purpose != CURLSOCKTYPE_IPCXN || bytes == NULL ||
        !transfer->http->check(transfer->http->context, bytes, length)) {
        transfer->sockets_refused += 1;
        return CURL_SOCKET_BAD;
    }
    transfer->sockets_opened += 1;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Hands a part of the body on. A part that is not taken now comes again: only its first coming counts.
static size_t stream_body(struct transfer *transfer, const char *bytes, size_t length) {
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    int taken = transfer->http->sink(
        transfer->http->context, transfer->id, (int)status, (const uint8_t *)bytes, length);
    if (taken == REGISTER_HTTP_PAUSE) {
        transfer->paused = 1;
        return CURL_WRITEFUNC_PAUSE;
    }
    transfer->body_length += length;
    return length;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *user) {
    struct transfer *transfer = user;
    size_t length = size * count;
    if (length > transfer->max_response_bytes - transfer->body_length) {
        transfer->too_large = 1;
        return 0;
    }
    if (transfer->streams) {
        return stream_body(transfer, bytes, length);
    }
    if (length > transfer->body_capacity - transfer->body_length) {
        size_t capacity = transfer->body_capacity == 0 ? 4096 : transfer->body_capacity * 2;
        while (capacity < transfer->body_length + length) {
            capacity *= 2;
        }
        uint8_t *grown = realloc(transfer->body, capacity);
        if (grown == NULL) {
            return 0;
        }
        transfer->body = grown;
        transfer->body_capacity = capacity;
    }
    memcpy(transfer->body + transfer->body_length, bytes, length);
    transfer->body_length += length;
    return length;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *user) {
    (void)bytes;
    struct transfer *transfer = user;
    transfer->header_bytes += size * count;
    if (transfer->header_bytes > MAX_HEADER_BYTES) {
        transfer->too_large = 1;
        return 0;
    }
    return size * count;
}

// Returns 0, or -1 when memory ran out.
static int append_header(struct transfer *transfer, const char *line) {
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    if (longer == NULL) {
        return -1;
    }
    transfer->headers = longer;
    return 0;
}

static int append_headers(struct transfer *transfer, const char *lines) {
    // Without this curl asks permission before a large body and waits a second for it.
    if (append_header(transfer, "Expect:") != 0) {
        return -1;
    }
    if (lines == NULL) {
        return 0;
    }
    char *copy = strdup(lines);
    if (copy == NULL) {
        return -1;
    }
    int failed = 0;
    char *rest = NULL;
    for (char *line = strtok_r(copy, "\n", &rest); line != NULL && !failed; line = strtok_r(NULL, "\n", &rest)) {
        failed = append_header(transfer, line) != 0;
    }
    free(copy);
    return failed ? -1 : 0;
}

static int configure(struct transfer *transfer, const register_http_request *request) {
    CURL *easy = transfer->easy;
    CURLcode code = CURLE_OK;
#define SET(option, value)                                                                                             \
    if (code == CURLE_OK) {                                                                                            \
        code = curl_easy_setopt(easy, option, value);                                                                  \
    }
    SET(CURLOPT_PRIVATE, transfer)
    SET(CURLOPT_ERRORBUFFER, transfer->error_text)
    SET(CURLOPT_URL, request->url)
    SET(CURLOPT_PROTOCOLS_STR, "http,https")
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1)
    SET(CURLOPT_FOLLOWLOCATION, 0L)
    SET(CURLOPT_PROXY, "")
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED)
    SET(CURLOPT_NOSIGNAL, 1L)
    // Giving up on a request must not wait for a slow name server: all other requests share this thread.
    SET(CURLOPT_QUICK_EXIT, 1L)
    SET(CURLOPT_CONNECTTIMEOUT_MS, request->connect_limit_ms)
    SET(CURLOPT_TIMEOUT_MS, request->total_limit_ms)
    SET(CURLOPT_SSL_VERIFYPEER, request->verify_tls ? 1L : 0L)
    SET(CURLOPT_SSL_VERIFYHOST, request->verify_tls ? 2L : 0L)
    SET(CURLOPT_FRESH_CONNECT, request->fresh_connection ? 1L : 0L)
    SET(CURLOPT_FORBID_REUSE, request->fresh_connection ? 1L : 0L)
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->max_response_bytes)
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket)
    SET(CURLOPT_OPENSOCKETDATA, transfer)
    SET(CURLOPT_WRITEFUNCTION, take_body)
    SET(CURLOPT_WRITEDATA, transfer)
    SET(CURLOPT_HEADERFUNCTION, take_header)
    SET(CURLOPT_HEADERDATA, transfer)
    SET(CURLOPT_HTTPHEADER, transfer->headers)
    if (request->ca_path != NULL) {
        SET(CURLOPT_CAINFO, request->ca_path)
    }
    if (request->is_post) {
        SET(CURLOPT_POST, 1L)
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length)
        SET(CURLOPT_POSTFIELDS, (const char *)transfer->request_body)
    } else {
        SET(CURLOPT_HTTPGET, 1L)
    }
#undef SET
    return code == CURLE_OK ? 0 : -1;
}

int register_http_add(register_http *http, const register_http_request *request) {
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL) {
        return -1;
    }
    transfer->http = http;
    transfer->id = request->id;
    transfer->max_response_bytes = request->max_response_bytes;
    transfer->streams = request->streams;
    transfer->easy = curl_easy_init();
    transfer->request_body = malloc(request->body_length + 1);
    if (transfer->easy == NULL || transfer->request_body == NULL) {
        free_transfer(transfer);
        return -1;
    }
    if (request->body_length > 0) {
        memcpy(transfer->request_body, request->body, request->body_length);
    }
    transfer->request_body[request->body_length] = 0;
    if (append_headers(transfer, request->header_lines) != 0 || configure(transfer, request) != 0 ||
        curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK) {
        free_transfer(transfer);
        return -1;
    }
    transfer->next = http->active;
    http->active = transfer;
    return 0;
}

static struct transfer *take_active(register_http *http, uint64_t id) {
    for (struct transfer **link = &http->active; *link != NULL; link = &(*link)->next) {
        if ((*link)->id == id) {
            struct transfer *found = *link;
            *link = found->next;
            found->next = NULL;
            return found;
        }
    }
    return NULL;
}

static int outcome_of(const struct transfer *transfer, CURLcode code, long request_size) {
    curl_off_t pretransfer = 0;
    switch (code) {
    case CURLE_OK:
        return REGISTER_HTTP_ANSWERED;
    case CURLE_URL_MALFORMAT:
        return REGISTER_HTTP_INVALID_URL;
    case CURLE_UNSUPPORTED_PROTOCOL:
        // The same code stands for an answer without an HTTP status line.
        return request_size == 0 ? REGISTER_HTTP_UNSUPPORTED_SCHEME : REGISTER_HTTP_NOT_HTTP;
    case CURLE_COULDNT_RESOLVE_HOST:
        return REGISTER_HTTP_NAME_NOT_FOUND;
    case CURLE_COULDNT_CONNECT:
        return transfer->sockets_refused > 0 && transfer->sockets_opened == 0 ? REGISTER_HTTP_ADDRESS_REFUSED
                                                                              : REGISTER_HTTP_CONNECT_FAILED;
    case CURLE_OPERATION_TIMEDOUT:
        curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer);
        return pretransfer == 0 && request_size == 0 ? REGISTER_HTTP_CONNECT_TIMED_OUT : REGISTER_HTTP_TIMED_OUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_ISSUER_ERROR:
        return REGISTER_HTTP_TLS_FAILED;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return REGISTER_HTTP_CLOSED;
    case CURLE_FILESIZE_EXCEEDED:
        return REGISTER_HTTP_RESPONSE_TOO_LARGE;
    case CURLE_WRITE_ERROR:
        return transfer->too_large ? REGISTER_HTTP_RESPONSE_TOO_LARGE : REGISTER_HTTP_FAILED;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return REGISTER_HTTP_NOT_HTTP;
    default:
        return REGISTER_HTTP_FAILED;
    }
}

// Fills the handle's result from a transfer, which stays alive until the next one is reported.
static void report(register_http *http, struct transfer *transfer) {
    register_http_result *result = &http->result;
    long status = 0;
    curl_off_t lookup = 0, connect = 0, total = 0;
    const char *address = NULL;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup);
    curl_easy_getinfo(transfer->easy, CURLINFO_CONNECT_TIME_T, &connect);
    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &total);
    curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_IP, &address);
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &result->request_size);
    result->id = transfer->id;
    result->status = (int)status;
    result->body = transfer->body;
    result->body_length = transfer->body == NULL ? 0 : transfer->body_length;
    result->lookup_us = lookup;
    result->connect_us = connect;
    result->total_us = total;
    result->remote_address = address == NULL ? "" : address;
    result->error_text = transfer->error_text;
    free_transfer(http->reported);
    http->reported = transfer;
}

void register_http_cancel(register_http *http, uint64_t id) {
    struct transfer *transfer = take_active(http, id);
    if (transfer != NULL) {
        transfer->next = http->cancelled;
        http->cancelled = transfer;
    }
}

void register_http_resume(register_http *http, uint64_t id) {
    for (struct transfer *transfer = http->active; transfer != NULL; transfer = transfer->next) {
        if (transfer->id == id && transfer->paused) {
            transfer->paused = 0;
            curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
            return;
        }
    }
}

void register_http_poll(register_http *http, int timeout_ms) {
    int running = 0;
    curl_multi_perform(http->multi, &running);
    int active = 0;
    for (struct transfer *transfer = http->active; transfer != NULL; transfer = transfer->next) {
        active += 1;
    }
    // Fewer running than active: one is over and waits to be reported, so there is nothing to wait for.
    if (http->cancelled == NULL && active == running) {
        curl_multi_poll(http->multi, NULL, 0, timeout_ms, NULL);
        curl_multi_perform(http->multi, &running);
    }
}

void register_http_wake(register_http *http) { curl_multi_wakeup(http->multi); }

const register_http_result *register_http_next(register_http *http) {
    struct transfer *cancelled = http->cancelled;
    if (cancelled != NULL) {
        http->cancelled = cancelled->next;
        cancelled->next = NULL;
        report(http, cancelled);
        curl_multi_remove_handle(http->multi, cancelled->easy);
        http->result.outcome = REGISTER_HTTP_CANCELLED;
        return &http->result;
    }
    int left = 0;
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        char *private = NULL;
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct transfer *transfer = take_active(http, ((struct transfer *)(void *)private)->id);
        if (transfer == NULL) {
            continue;
        }
        report(http, transfer);
        http->result.outcome = outcome_of(transfer, code, http->result.request_size);
        curl_multi_remove_handle(http->multi, transfer->easy);
        return &http->result;
    }
    return NULL;
}
