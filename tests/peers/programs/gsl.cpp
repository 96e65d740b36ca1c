// The GNU Scientific Library: Spearman's correlation, ridge regression.

#include <gsl/gsl_multifit.h>
#include <gsl/gsl_statistics.h>
#include <gsl/gsl_version.h>

#include <algorithm>

#include "protocol.hpp"

using namespace refimpl;

int main() {
  return serve("gsl", GSL_VERSION, {
    {"token_reduction.consistency", [](const Inputs& x) -> Outputs {
      if (x.word("kind") != "spearman") throw Inapplicable("it has Spearman's correlation alone");
      const Array A = x.array("attention");
      const std::size_t L = A.shape[0], S = A.shape[1], N = A.shape[2];
      const auto row = [&](std::size_t l, std::size_t s) { return A.data.data() + (l * S + s) * N; };
      const auto varies = [&](const double* r) { return std::any_of(r, r + N, [&](double v) { return v != r[0]; }); };
      Array R{{L, L}, {}};
      std::vector<double> work(2 * N);
      for (std::size_t i = 0; i < L; ++i) {
        for (std::size_t j = 0; j < L; ++j) {
          double sum = 0, count = 0;
          for (std::size_t s = 0; s < S; ++s) {
            if (!varies(row(i, s)) || !varies(row(j, s))) continue;  // left out here
            sum += gsl_stats_spearman(row(i, s), 1, row(j, s), 1, N, work.data());
            ++count;
          }
          R.data.push_back(sum / count);
        }
      }
      return {{"R", R}};
    }},
    {"random_feature_attention.ridge", [](const Inputs& x) -> Outputs {
      Array Phi = x.array("Phi"), y = x.array("y");
      const std::size_t n = Phi.shape[0], D = Phi.shape[1];
      if (n < D) throw Inapplicable("it takes as many rows as columns at least");
      auto X = gsl_matrix_view_array(Phi.data.data(), n, D);
      auto target = gsl_vector_view_array(y.data.data(), n);
      std::vector<double> v(D);
      auto c = gsl_vector_view_array(v.data(), D);
      double rnorm, snorm;
      auto* work = gsl_multifit_linear_alloc(n, D);
      gsl_multifit_linear_svd(&X.matrix, work);
      gsl_multifit_linear_solve(std::sqrt(n * x.number("lam")), &X.matrix, &target.vector, &c.vector, &rnorm, &snorm, work);
      gsl_multifit_linear_free(work);
      return {{"v", {{D}, v}}};
    }},
  });
}
