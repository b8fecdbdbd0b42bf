#ifndef BLOWFISH_CBC_H
#define BLOWFISH_CBC_H

#include <stddef.h>
#include <stdint.h>

// Blowfish in CBC mode with an IV of eight zero bytes, the cipher of the Kassanet wire. It hides nothing from a
// determined reader (fixed IV, no authentication) and is used because registers speak it, for nothing else.
//
// OpenSSL's EVP interface has Blowfish only in its legacy provider and swift-crypto has none; the BF_* functions of
// libcrypto need neither.
//
// `length` must be a multiple of 8 and `key_length` between 4 and 56. `output` takes `length` bytes and may be
// `input`. Returns 0, or -1 when a length is out of range (then nothing is written).

int blowfish_cbc_encrypt(
    const uint8_t *key, size_t key_length, const uint8_t *input, size_t length, uint8_t *output);

int blowfish_cbc_decrypt(
    const uint8_t *key, size_t key_length, const uint8_t *input, size_t length, uint8_t *output);

#endif
