// The system's zlib. The compression ratio that decides whether a window is too repetitive is defined by zlib's
// output size at level 6, so another compressor cannot stand in for it.
#ifndef CZLIB_H
#define CZLIB_H

#include <zlib.h>

#endif
