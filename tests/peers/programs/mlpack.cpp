// mlpack: the Lasso of LARS, k-means from given seeds.

#define MLPACK_USE_SYSTEM_STB
#include <mlpack.hpp>

#include "clusters.hpp"

using namespace refimpl;

arma::mat columns(const Array& rows) { return arma::mat(rows.data.data(), rows.shape[1], rows.shape[0]); }

int main() {
  const std::string version = std::to_string(MLPACK_VERSION_MAJOR) + "." + std::to_string(MLPACK_VERSION_MINOR) + "." + std::to_string(MLPACK_VERSION_PATCH);
  return serve("mlpack", version, {
    {"lasso_mtrl.relevance_lasso", [](const Inputs& x) -> Outputs {
      const arma::mat W = columns(x.array("W")).t();
      const arma::vec w(x.array("w").data);
      const double lambda = x.number("lam");
      mlpack::LARS<> model(W, arma::rowvec(w.t()), false, true, lambda, 0.0, 1e-16, false, false);
      const arma::vec nu = model.Beta();
      const double value = arma::accu(arma::square(w - W * nu)) / 2 + lambda * arma::accu(arma::abs(nu));
      return {{"nu", {{nu.n_elem}, {nu.begin(), nu.end()}}}, {"objective", {{}, {value}}}};
    }},
    {"claps.cluster", [](const Inputs& x) -> Outputs {
      const Array E = x.array("E"), u = x.array("u");
      const arma::mat data = columns(E);
      const auto seeds = seeds_of(E, u);
      arma::mat centres(E.shape[1], seeds.size());
      for (std::size_t k = 0; k < seeds.size(); ++k) centres.col(k) = data.col(seeds[k]);
      arma::Row<std::size_t> labels;
      mlpack::KMeans<mlpack::EuclideanDistance, mlpack::SampleInitialization, mlpack::AllowEmptyClusters> model(x.number("max_iter"));
      model.Cluster(data, seeds.size(), labels, centres, false, true);
      return {{"labels", {{labels.n_elem}, {labels.begin(), labels.end()}}},
              {"centres", {{centres.n_cols, centres.n_rows}, {centres.begin(), centres.end()}}}};
    }},
  });
}
