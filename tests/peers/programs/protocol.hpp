// What the programs in C++ share: the conversation of docs/oracle/protocol.rst.

#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace refimpl {

using Json = nlohmann::ordered_json;

/// An array in row-major order; a number has no shape.
struct Array {
  std::vector<std::size_t> shape;
  std::vector<double> data;

  double operator()(std::size_t i) const { return data[i]; }
  double operator()(std::size_t i, std::size_t j) const { return data[i * shape[1] + j]; }
  std::vector<double> row(std::size_t i) const {
    const std::size_t size = data.size() / shape[0];
    return {data.begin() + i * size, data.begin() + (i + 1) * size};
  }
};

/// An input that the package cannot take.
struct Inapplicable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Inputs {
 public:
  explicit Inputs(const Json& given) : given_(given) {}
  double number(const std::string& name) const { return real(given_.at(name)); }
  std::string word(const std::string& name) const { return given_.at(name); }
  Array array(const std::string& name) const {
    const Json& found = given_.at(name);
    Array made{found.at("shape").get<std::vector<std::size_t>>(), {}};
    for (const Json& x : found.at("data")) made.data.push_back(real(x));
    return made;
  }

 private:
  static double real(const Json& x) {
    if (!x.is_string()) return x.get<double>();
    const double infinity = std::numeric_limits<double>::infinity();
    return x == "NaN" ? std::nan("") : x == "Infinity" ? infinity : -infinity;
  }
  const Json& given_;
};

using Outputs = std::map<std::string, Array>;
using Operation = std::function<Outputs(const Inputs&)>;

inline Json told(const Array& array) {
  Json data = Json::array();
  for (const double x : array.data) {
    if (std::isfinite(x)) data.push_back(x);
    else data.push_back(std::isnan(x) ? "NaN" : x > 0 ? "Infinity" : "-Infinity");
  }
  return {{"shape", array.shape}, {"data", data}};
}

/// Answers requests with functions, by operation.
inline int serve(const std::string& name, const std::string& version, const std::map<std::string, Operation>& operations,
                 const std::vector<std::string>& dtypes = {"float64"}) {
  std::string line;
  while (std::getline(std::cin, line)) {
    const Json request = Json::parse(line);
    if (request.at("cmd") == "stop") break;
    Json answer = {{"seq", request.at("seq")}};
    if (request.at("cmd") == "run") {
      try {
        const Inputs inputs(request.at("inputs"));
        for (const auto& [key, array] : operations.at(request.at("operation"))(inputs)) answer["outputs"][key] = told(array);
      } catch (const Inapplicable& reason) {
        answer["not_applicable"] = reason.what();
      } catch (const std::exception& error) {
        answer["error"] = error.what();
      }
    } else {
      answer["protocol"] = 1;
      answer["implementation"] = {{"name", name}, {"version", version}, {"language", "C++"}};
      answer["operations"] = Json::array();
      for (const auto& [operation, function] : operations) answer["operations"].push_back(operation);
      answer["dtypes"] = dtypes;
    }
    std::cout << answer.dump() << std::endl;
  }
  return 0;
}

}  // namespace refimpl
