#if __has_include(<cblas.h>)
#include <cblas.h>
#else
#error "cblas.h was not found. Install it with: sudo apt-get install libopenblas-dev"
#endif
