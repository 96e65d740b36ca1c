// Armadillo: least squares of shortest length, k-means from given seeds.

#include <armadillo>

#include "clusters.hpp"

using namespace refimpl;

arma::mat columns(const Array& rows) { return arma::mat(rows.data.data(), rows.shape[1], rows.shape[0]); }

int main() {
  const std::string version = std::to_string(ARMA_VERSION_MAJOR) + "." + std::to_string(ARMA_VERSION_MINOR) + "." + std::to_string(ARMA_VERSION_PATCH);
  return serve("armadillo", version, {
    {"lasso_mtrl.relevance_l2", [](const Inputs& x) -> Outputs {
      const arma::vec nu = arma::pinv(arma::mat(columns(x.array("W")).t())) * arma::vec(x.array("w").data);
      return {{"nu", {{nu.n_elem}, {nu.begin(), nu.end()}}}};
    }},
    {"claps.cluster", [](const Inputs& x) -> Outputs {
      const Array E = x.array("E"), u = x.array("u");
      const arma::mat data = columns(E);
      const auto seeds = seeds_of(E, u);
      arma::mat centres(E.shape[1], seeds.size());
      for (std::size_t k = 0; k < seeds.size(); ++k) centres.col(k) = data.col(seeds[k]);
      if (!arma::kmeans(centres, data, seeds.size(), arma::keep_existing, x.number("max_iter"), false)) {
        throw std::runtime_error("kmeans returned false");
      }
      return {{"centres", {{centres.n_cols, centres.n_rows}, {centres.begin(), centres.end()}}}};
    }},
  });
}
