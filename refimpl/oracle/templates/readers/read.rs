// Reads a file of test vectors; prints the sum of the numbers of each case, inputs and right answers, for each precision.
//     rustc -O --edition 2021 read.rs && ./read lion.step.json
use std::{env, fs, iter::Peekable, str::Chars};

enum Json {
    Number(f64),                // true is 1, false is 0
    Text(String),               // an option; also what is not finite: NaN, Infinity, -Infinity
    List(Vec<Json>),
    Group(Vec<(String, Json)>), // an array is one with data, shape and dtype
}
use Json::*;

fn skip(at: &mut Peekable<Chars>, set: &str) -> String {
    let mut found = String::new();
    while let Some(c) = at.next_if(|c| set.contains(*c)) { found.push(c) }
    found
}

fn parse(at: &mut Peekable<Chars>) -> Json {
    skip(at, " \n\t,:");
    if at.next_if_eq(&'"').is_some() {
        let mut text = String::new();
        while let Some(c) = at.next_if(|c| *c != '"') { text.push(if c == '\\' { at.next().unwrap() } else { c }) }
        at.next();
        return Text(text);
    }
    let Some(open) = at.next_if(|c| "{[".contains(*c)) else {
        return Number(match skip(at, "+-.0123456789eEtrufalsn").as_str() { "true" => 1.0, "false" | "null" => 0.0, x => x.parse().unwrap() })
    };
    let mut list = vec![];
    while { skip(at, " \n\t,:"); at.next_if(|c| "}]".contains(*c)).is_none() } { list.push(parse(at)) }
    if open == '[' { return List(list) }
    let (mut group, mut parts) = (vec![], list.into_iter());
    while let (Some(Text(name)), Some(value)) = (parts.next(), parts.next()) { group.push((name, value)) }
    Group(group)
}

fn member<'a>(of: &'a Json, name: &str) -> &'a Json {
    let Group(parts) = of else { panic!("no group with {name}") };
    &parts.iter().find(|(key, _)| key == name).expect(name).1
}

fn sum(of: &Json) -> f64 {
    match of {
        Number(x) => *x,
        Text(_) => 0.0,
        List(parts) => parts.iter().map(sum).sum(),
        Group(parts) => parts.iter().filter(|(name, _)| name != "shape").map(|(_, value)| sum(value)).sum(),
    }
}

fn main() {
    let file = fs::read_to_string(env::args().nth(1).expect("a file")).unwrap();
    let whole = parse(&mut file.chars().peekable());
    let List(cases) = member(&whole, "cases") else { panic!("no cases") };
    for case in cases {
        let (Text(id), Group(answers)) = (member(case, "id"), member(case, "expected")) else { panic!("no case") };
        for (dtype, answer) in answers { println!("{id} {dtype} {}", sum(member(case, "inputs")) + sum(member(answer, "outputs"))) }
    }
}
