#include "register_http.h"
