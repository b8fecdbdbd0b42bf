// The BF_* functions are deprecated in OpenSSL 3 without a replacement outside the legacy provider.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "blowfish_cbc.h"

#include <limits.h>
#include <openssl/blowfish.h>

static int blowfish_cbc(
    const uint8_t *key, size_t key_length, const uint8_t *input, size_t length, uint8_t *output, int direction) {
    if (key_length < 4 || key_length > 56 || length % BF_BLOCK != 0 || length > LONG_MAX) {
        return -1;
    }
    BF_KEY schedule;
    uint8_t iv[BF_BLOCK] = {0};
    BF_set_key(&schedule, (int)key_length, key);
    BF_cbc_encrypt(input, output, (long)length, &schedule, iv, direction);
    return 0;
}

int blowfish_cbc_encrypt(
    const uint8_t *key, size_t key_length, const uint8_t *input, size_t length, uint8_t *output) {
    return blowfish_cbc(key, key_length, input, length, output, BF_ENCRYPT);
}

int blowfish_cbc_decrypt(
    const uint8_t *key, size_t key_length, const uint8_t *input, size_t length, uint8_t *output) {
    return blowfish_cbc(key, key_length, input, length, output, BF_DECRYPT);
}
