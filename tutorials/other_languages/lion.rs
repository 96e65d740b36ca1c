//! A Lion in Rust without crates, as a full conversation: who it is, what it can do, a probe of the wire.
//!     rustc -O -o lion tutorials/other_languages/lion.rs
//!     refimpl check lion.trajectory --exec ./lion
//! With the argument "wrong" it takes the sign from `f64::signum`, which is 1 at 0.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

/// JSON with as much as the protocol needs. Numbers are doubles, and so are their names in quotes.
#[derive(Clone, Debug)]
enum Json {
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip(&mut self, expected: char) -> bool {
        self.rest = self.rest.trim_start();
        let found = self.rest.starts_with(expected);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    /// Members up to `end`, separated by commas.
    fn members<T>(&mut self, end: char, member: impl Fn(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        let mut found = Vec::new();
        while !self.skip(end) {
            found.push(member(self)?);
            self.skip(',');
        }
        Ok(found)
    }

    /// Up to the next quote: what we are sent has none with a backslash.
    fn text(&mut self) -> Result<String, String> {
        let (text, rest) = self.rest.split_once('"').ok_or("a quote is missing")?;
        self.rest = rest;
        Ok(text.to_string())
    }

    fn value(&mut self) -> Result<Json, String> {
        if self.skip('{') {
            let members = self.members('}', |reader| {
                let name = if reader.skip('"') { reader.text()? } else { return Err("a name is missing".into()) };
                reader.skip(':');
                Ok((name, reader.value()?))
            })?;
            return Ok(Json::Object(members.into_iter().collect()));
        }
        if self.skip('[') {
            return Ok(Json::List(self.members(']', Self::value)?));
        }
        if self.skip('"') {
            return Ok(Json::Text(self.text()?));
        }
        let end = self.rest.find([',', ']', '}']).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        self.rest = rest;
        number.trim().parse().map(Json::Number).map_err(|_| format!("{number} is no number"))
    }
}

impl Json {
    fn get(&self, name: &str) -> Result<&Json, String> {
        match self {
            Json::Object(members) => members.get(name).ok_or(format!("{name} is missing")),
            _ => Err(format!("no object, so no {name}")),
        }
    }

    fn text(&self) -> &str {
        if let Json::Text(text) = self { text } else { "" }
    }

    /// A number; "NaN" and "Infinity" are words that Rust's own reading of numbers knows.
    fn number(&self) -> Result<f64, String> {
        match self {
            Json::Number(x) => Ok(*x),
            Json::Text(word) => word.parse().map_err(|_| format!("{word} is no number")),
            _ => Err("no number".into()),
        }
    }

    fn numbers(&self) -> Result<Vec<f64>, String> {
        if let Json::List(list) = self { list.iter().map(Json::number).collect() } else { Err("no list".into()) }
    }
}

struct Array {
    shape: Vec<usize>,
    data: Vec<f64>,
}

impl Array {
    fn read(value: &Json) -> Result<Array, String> {
        let shape = value.get("shape")?.numbers()?.iter().map(|&n| n as usize).collect();
        Ok(Array { shape, data: value.get("data")?.numbers()? })
    }

    fn write(&self) -> String {
        let numbers: Vec<String> = self.data.iter().map(|&x| number(x)).collect();
        format!(r#"{{"dtype": "float64", "shape": {:?}, "data": [{}]}}"#, self.shape, numbers.join(", "))
    }
}

/// Rust prints the fewest digits that read back to the same double.
fn number(x: f64) -> String {
    if x.is_nan() {
        r#""NaN""#.into()
    } else if x.is_infinite() {
        if x > 0.0 { r#""Infinity""# } else { r#""-Infinity""# }.into()
    } else {
        format!("{x:?}")
    }
}

fn sign(c: f64, wrong: bool) -> f64 {
    if wrong || c != 0.0 { c.signum() } else { 0.0 }
}

fn trajectory(inputs: &Json, wrong: bool) -> Result<Array, String> {
    let rate = |name| inputs.get(name).and_then(Json::number);
    let (lr, beta1, beta2, weight_decay) = (rate("lr")?, rate("beta1")?, rate("beta2")?, rate("weight_decay")?);
    let mut theta = Array::read(inputs.get("theta0")?)?.data;
    let grads = Array::read(inputs.get("grads")?)?;
    let mut momentum = vec![0.0; theta.len()];
    let mut data = Vec::new();
    for grad in grads.data.chunks(theta.len()) {
        for ((x, m), g) in theta.iter_mut().zip(&mut momentum).zip(grad) {
            let c = beta1 * *m + (1.0 - beta1) * g;
            *x -= lr * (sign(c, wrong) + weight_decay * *x);
            *m = beta2 * *m + (1.0 - beta2) * g;
        }
        data.extend(&theta);
    }
    Ok(Array { shape: grads.shape, data })
}

/// What to say to a request, beside its `seq`.
fn answer(request: &Json, wrong: bool) -> Result<String, String> {
    if request.get("cmd")?.text() == "start" {
        return Ok(concat!(
            r#""protocol": 1, "#,
            r#""implementation": {"name": "lion.rs", "version": "1.0.0", "language": "Rust"}, "#,
            r#""operations": ["lion.trajectory"], "dtypes": ["float64"], "probe": true"#
        )
        .into());
    }
    let inputs = request.get("inputs")?;
    let mut outputs = Vec::new();
    match inputs {
        Json::Object(arrays) if request.get("cmd")?.text() == "probe" => {
            for (name, array) in arrays {
                outputs.push(format!("\"{name}\": {}", Array::read(array)?.write()));
            }
        }
        _ => outputs.push(format!("\"thetas\": {}", trajectory(inputs, wrong)?.write())),
    }
    Ok(format!(r#""outputs": {{{}}}"#, outputs.join(", ")))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wrong = std::env::args().nth(1).as_deref() == Some("wrong");
    for line in io::stdin().lock().lines() {
        let request = Reader { rest: &line? }.value()?;
        if request.get("cmd")?.text() == "stop" {
            break;
        }
        let told = answer(&request, wrong).unwrap_or_else(|error| format!("\"error\": {error:?}"));
        println!("{{\"seq\": {}, {told}}}", request.get("seq")?.number()?);
        io::stdout().flush()?;
    }
    Ok(())
}
