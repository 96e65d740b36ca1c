// Boost.Math: two laws of a scale.

#include <boost/math/distributions/inverse_gamma.hpp>
#include <boost/math/distributions/lognormal.hpp>
#include <boost/version.hpp>

#include "protocol.hpp"

using namespace refimpl;

int main() {
  const std::string version = std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000) + "." + std::to_string(BOOST_VERSION % 100);
  return serve("boost", version, {
    {"scale_mixture_nngp.scale_law", [](const Inputs& x) -> Outputs {
      const Array s = x.array("s"), u = x.array("u");
      const double p = x.number("p"), q = x.number("q");
      Array density{s.shape, {}}, draws{u.shape, {}};
      if (x.word("law") == "inverse_gamma") {
        const boost::math::inverse_gamma_distribution<> law(p, q);
        for (const double at : s.data) density.data.push_back(logpdf(law, at));
        for (const double at : u.data) draws.data.push_back(quantile(complement(law, at)));
      } else if (x.word("law") == "log_normal") {
        const boost::math::lognormal_distribution<> law(p, q);
        for (const double at : s.data) density.data.push_back(std::log(pdf(law, at)));
        for (const double at : u.data) draws.data.push_back(quantile(law, at));
      } else {
        throw Inapplicable("it does not have this law, or half of it");
      }
      return {{"log_density", density}, {"draws", draws}};
    }},
  });
}
