// OpenSSL's digests, for StapesHub's SHA-256 and SHA-1. The library is loaded anyway (libcurl and libavformat need
// it), and uses the processor's SHA instructions. It may go when swift-crypto builds in seconds: its own copy of the
// C sources took three minutes on two cores.
#pragma once

#include <openssl/evp.h>
