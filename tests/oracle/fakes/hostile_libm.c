/* A mathematical library whose every result is one unit in the last place off: what hangs on such bits shows. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>

static double off(double y) { return isfinite(y) && y != 0 && y != 1 ? nextafter(y, 2 * y) : y; }

#define ONE(name) \
  double name(double x) { \
    static double (*true_one)(double); \
    if (!true_one) true_one = dlsym(RTLD_NEXT, #name); \
    return off(true_one(x)); \
  }
#define TWO(name) \
  double name(double x, double y) { \
    static double (*true_one)(double, double); \
    if (!true_one) true_one = dlsym(RTLD_NEXT, #name); \
    return off(true_one(x, y)); \
  }

ONE(exp) ONE(exp2) ONE(expm1) ONE(log) ONE(log2) ONE(log10) ONE(log1p) ONE(cbrt) ONE(sin) ONE(cos) ONE(tan) ONE(asin)
ONE(acos) ONE(atan) ONE(sinh) ONE(cosh) ONE(tanh) ONE(erf) ONE(erfc) ONE(lgamma) ONE(tgamma)
TWO(pow) TWO(atan2) TWO(hypot)
