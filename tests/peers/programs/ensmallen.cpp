// Update rules of ensmallen, fed with gradients.

#include <ensmallen.hpp>

#include "protocol.hpp"

using namespace refimpl;

template <typename Update>
Outputs path(const Inputs& inputs, Update& update, double rate, double penalty = 0) {
  const Array start = inputs.array("theta0"), grads = inputs.array("grads");
  arma::vec theta(start.data);
  typename Update::template Policy<arma::mat, arma::mat> policy(update, theta.n_elem, 1);
  arma::mat now = theta;
  Array thetas{grads.shape, {}};
  for (std::size_t t = 0; t < grads.shape[0]; ++t) {
    policy.Update(now, rate, arma::mat(arma::vec(grads.row(t)) + penalty * now));
    thetas.data.insert(thetas.data.end(), now.begin(), now.end());
  }
  return {{"thetas", thetas}};
}

int main() {
  const std::string version = std::to_string(ENS_VERSION_MAJOR) + "." + std::to_string(ENS_VERSION_MINOR) + "." + std::to_string(ENS_VERSION_PATCH);
  return serve("ensmallen", version, {
    {"adamw.adam", [](const Inputs& x) {
      ens::AdamUpdate update(x.number("eps"), x.number("beta1"), x.number("beta2"));
      return path(x, update, x.number("lr"), x.number("weight_decay"));
    }},
    {"adamw.amsgrad", [](const Inputs& x) {
      if (x.number("weight_decay") != 0) throw Inapplicable("it has no decay");
      ens::AMSGradUpdate update(x.number("eps"), x.number("beta1"), x.number("beta2"));
      return path(x, update, x.number("lr"));
    }},
    {"adadagrad.adagrad", [](const Inputs& x) {
      if (x.number("v0") != 0) throw Inapplicable("its accumulators start at 0");
      ens::AdaGradUpdate update(x.number("eps"));
      return path(x, update, x.number("alpha"));
    }},
  });
}
