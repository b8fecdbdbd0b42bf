#include "blowfish_cbc.h"
