// Reads a file of test vectors; prints the sum of the numbers of each case, inputs and right answers, for each precision.
// go run read.go lion.step.json
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
)

type Value struct { // an array in row-major order; of a number or an option, one number or a word
	Shape []int
	Data  []float64
	Word  string
}
type Group map[string]Value
type Answer struct{ Outputs, Tolerances Group }
type Case struct {
	Id       string
	Inputs   Group
	Expected map[string]Answer // by precision
}

var words = map[string]float64{`"NaN"`: math.NaN(), `"Infinity"`: math.Inf(1), `"-Infinity"`: math.Inf(-1), "true": 1, "false": 0}

func (v *Value) UnmarshalJSON(text []byte) (err error) {
	var array struct{ Shape []int; Data []json.RawMessage }
	if text[0] == '{' {
		err = json.Unmarshal(text, &array)
	} else {
		array.Data = []json.RawMessage{text}
	}
	v.Shape, v.Data = array.Shape, make([]float64, len(array.Data))
	for i, x := range array.Data {
		known, special := words[string(x)]
		if v.Data[i] = known; !special && json.Unmarshal(x, &v.Data[i]) != nil {
			v.Data, err = nil, json.Unmarshal(x, &v.Word)
		}
	}
	return err
}

func (g Group) sum() (total float64) {
	for _, value := range g {
		for _, x := range value.Data { if !math.IsNaN(x) && !math.IsInf(x, 0) { total += x } }
	}
	return total
}

func main() {
	var file struct{ Schema string; Cases []Case }
	text, _ := os.ReadFile(os.Args[1])
	if err := json.Unmarshal(text, &file); err != nil || file.Schema != "urn:refimpl:vectors:2" { panic("no test vectors of version 2") }
	for _, c := range file.Cases {
		for dtype, answer := range c.Expected { fmt.Printf("%s %s %.17g\n", c.Id, dtype, c.Inputs.sum()+answer.Outputs.sum()) }
	}
}
