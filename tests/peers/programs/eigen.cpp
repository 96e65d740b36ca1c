// Eigen: least squares of shortest length by a complete orthogonal decomposition.

#include <Eigen/Dense>

#include "protocol.hpp"

using namespace refimpl;

int main() {
  const std::string version = std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." + std::to_string(EIGEN_MINOR_VERSION);
  return serve("eigen", version, {
    {"lasso_mtrl.relevance_l2", [](const Inputs& x) -> Outputs {
      const Array rows = x.array("W"), target = x.array("w");
      using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
      const Eigen::Map<const Rows> W(rows.data.data(), rows.shape[0], rows.shape[1]);
      const Eigen::Map<const Eigen::VectorXd> w(target.data.data(), target.data.size());
      const Eigen::VectorXd nu = W.completeOrthogonalDecomposition().solve(w);
      return {{"nu", {{static_cast<std::size_t>(nu.size())}, {nu.begin(), nu.end()}}}};
    }},
  });
}
