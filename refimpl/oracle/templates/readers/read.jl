# Reads a file of test vectors; prints the sum of the numbers of each case, inputs and right answers, for each precision.
#     julia read.jl lion.step.json         (needs the package JSON)
import JSON

const SPECIAL = Dict("NaN" => NaN, "Infinity" => Inf, "-Infinity" => -Inf)
number(x) = x isa AbstractString ? SPECIAL[x] : Float64(x)

# An array comes in row-major order: its axes are the dimensions the other way round, and then exchanged.
function value(x)
    x isa AbstractDict || return x isa AbstractString && !haskey(SPECIAL, x) ? x : number(x)
    data, shape = Float64[number(y) for y in x["data"]], Tuple(Int.(x["shape"]))
    length(shape) < 2 ? data : permutedims(reshape(data, reverse(shape)), length(shape):-1:1)
end

values_of(group) = Dict(name => value(x) for (name, x) in group)

function read_vectors(path)
    file = JSON.parsefile(path)
    file["schema"] == "urn:refimpl:vectors:2" || error("$path: no test vectors of version 2")
    [(
        id = case["id"],
        inputs = values_of(case["inputs"]),
        expected = Dict(
            dtype => (outputs = values_of(answer["outputs"]), tolerances = values_of(answer["tolerances"])) for
            (dtype, answer) in case["expected"]
        ),
    ) for case in file["cases"]]
end

total(group) = sum(sum(filter(isfinite, vec(collect(x)))) for x in values(group) if !(x isa AbstractString); init = 0.0)

for case in read_vectors(ARGS[1]), (dtype, answer) in case.expected
    println(case.id, " ", dtype, " ", total(case.inputs) + total(answer.outputs))
end
