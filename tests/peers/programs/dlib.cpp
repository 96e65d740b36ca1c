// The solver `adam` of dlib's networks, fed with gradients, in single precision.

#include <dlib/dnn.h>
#include <dlib/revision.h>

#include "protocol.hpp"

using namespace refimpl;

/// A layer of parameters and nothing else.
struct Layer {
  dlib::resizable_tensor params;
  const dlib::tensor& get_layer_params() const { return params; }
  dlib::tensor& get_layer_params() { return params; }
};

int main() {
  const std::string version = std::to_string(DLIB_MAJOR_VERSION) + "." + std::to_string(DLIB_MINOR_VERSION) + "." + std::to_string(DLIB_PATCH_VERSION);
  return serve("dlib", version, {
    {"adamw.adam", [](const Inputs& x) -> Outputs {
      if (std::abs(x.number("eps") - 1e-8) > 1e-14) throw Inapplicable("its epsilon is 1e-8");
      const Array start = x.array("theta0"), grads = x.array("grads");
      Layer layer;
      layer.params.set_size(start.data.size());
      std::copy(start.data.begin(), start.data.end(), layer.params.host());
      dlib::adam solver(x.number("weight_decay"), x.number("beta1"), x.number("beta2"));
      Array thetas{grads.shape, {}};
      dlib::resizable_tensor slope(start.data.size());
      for (std::size_t t = 0; t < grads.shape[0]; ++t) {
        const auto row = grads.row(t);
        std::copy(row.begin(), row.end(), slope.host());
        const dlib::tensor& step = solver(static_cast<float>(x.number("lr")), layer, slope);
        for (std::size_t i = 0; i < start.data.size(); ++i) layer.params.host()[i] += step.host()[i];
        thetas.data.insert(thetas.data.end(), layer.params.host(), layer.params.host() + start.data.size());
      }
      return {{"thetas", thetas}};
    }},
  }, {"float32"});
}
