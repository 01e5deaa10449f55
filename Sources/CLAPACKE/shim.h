#if __has_include(<lapacke.h>)
#include <lapacke.h>
#else
#error "lapacke.h was not found. Install it with: sudo apt-get install liblapacke-dev"
#endif
