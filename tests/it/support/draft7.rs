//! The part of JSON Schema, draft 7, that our schemas use. A keyword that it does not know fails the test, so that nothing in a schema
//! goes unheeded.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

/// Keywords that say nothing about validity.
const SILENT: [&str; 7] =
    ["$schema", "title", "description", "examples", "default", "definitions", "additionalProperties"];

/// A schema, and its patterns compiled.
pub(crate) struct Schema {
    root: Value,
    patterns: BTreeMap<String, Regex>,
}

impl Schema {
    pub(crate) fn new(root: Value) -> Self {
        let mut patterns = BTreeMap::new();
        gather(&root, &mut patterns);
        let schema = Self { root, patterns };
        // Every keyword is met once, whatever is validated later.
        schema.known(&schema.root);
        schema
    }

    pub(crate) fn is_valid(&self, value: &Value) -> bool {
        self.errors(value).is_empty()
    }

    /// What is wrong, each with the way to it.
    pub(crate) fn errors(&self, value: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        self.check(&self.root, value, "", &mut errors);
        errors
    }

    fn known(&self, schema: &Value) {
        let mut errors = Vec::new();
        for (keyword, part) in schema.as_object().expect("a schema is an object") {
            match (keyword.as_str(), part) {
                ("properties" | "patternProperties" | "definitions", Value::Object(parts)) => {
                    parts.values().for_each(|part| self.known(part))
                }
                ("items" | "not" | "additionalProperties", Value::Object(_)) => self.known(part),
                ("oneOf" | "anyOf", Value::Array(parts)) => parts.iter().for_each(|part| self.known(part)),
                _ => self.keyword(keyword, part, schema, &Value::Null, "", &mut errors),
            }
        }
        for example in schema.get("examples").and_then(Value::as_array).into_iter().flatten() {
            assert!(self.holds(schema, example), "{example} is no example of {schema}");
        }
    }

    fn holds(&self, schema: &Value, value: &Value) -> bool {
        let mut errors = Vec::new();
        self.check(schema, value, "", &mut errors);
        errors.is_empty()
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
        for (keyword, part) in schema.as_object().expect("a schema is an object") {
            self.keyword(keyword, part, schema, value, at, errors);
        }
    }

    fn keyword(&self, keyword: &str, part: &Value, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
        let parts = || part.as_array().expect("a list");
        let number = || part.as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number");
        let least = |len: Option<usize>| len.is_none_or(|len| len >= number());
        let most = |len: Option<usize>| len.is_none_or(|len| len <= number());
        let (list, map, text) = (value.as_array(), value.as_object(), value.as_str());
        let holds = match keyword {
            "type" => match part {
                Value::Array(types) => types.iter().any(|one| is_a(one.as_str(), value)),
                one => is_a(one.as_str(), value),
            },
            "enum" => parts().contains(value),
            "pattern" => text.is_none_or(|text| self.patterns[part.as_str().expect("a pattern")].is_match(text)),
            "minLength" => least(text.map(|text| text.chars().count())),
            "minItems" => least(list.map(Vec::len)),
            "maxItems" => most(list.map(Vec::len)),
            "minProperties" => least(map.map(serde_json::Map::len)),
            "maxProperties" => most(map.map(serde_json::Map::len)),
            "minimum" => value.as_f64().is_none_or(|value| value >= part.as_f64().expect("a number")),
            "maximum" => value.as_f64().is_none_or(|value| value <= part.as_f64().expect("a number")),
            "required" => {
                map.is_none_or(|map| parts().iter().all(|key| map.contains_key(key.as_str().expect("a key"))))
            }
            "oneOf" => parts().iter().filter(|one| self.holds(one, value)).count() == 1,
            "anyOf" => parts().iter().any(|one| self.holds(one, value)),
            "not" => !self.holds(part, value),
            "$ref" => {
                let target =
                    part.as_str().and_then(|path| path.strip_prefix('#')).and_then(|path| self.root.pointer(path));
                self.check(target.expect("what is referred to"), value, at, errors);
                true
            }
            "items" => {
                for (index, item) in list.into_iter().flatten().enumerate() {
                    self.check(part, item, &format!("{at}/{index}"), errors);
                }
                true
            }
            "properties" | "patternProperties" => {
                self.members(schema, value, at, errors, keyword == "properties");
                true
            }
            silent => {
                assert!(SILENT.contains(&silent), "the keyword {silent} is not known to the tests");
                if silent == "additionalProperties" && schema.get("properties").is_none() {
                    self.members(schema, value, at, errors, true);
                }
                true
            }
        };
        if !holds {
            errors.push(format!("{at}: {keyword} {part} does not hold for {value}"));
        }
    }

    /// The members of an object: each by the properties or patterns that name it, the rest by `additionalProperties`.
    fn members(&self, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>, all: bool) {
        let named = schema.get("properties").and_then(Value::as_object);
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        for (key, member) in value.as_object().into_iter().flatten().filter(|_| all) {
            let at = format!("{at}/{key}");
            let by_name = named.and_then(|named| named.get(key));
            let by_pattern =
                patterns.into_iter().flatten().filter(|(pattern, _)| self.patterns[*pattern].is_match(key));
            let mut met = false;
            for part in by_name.into_iter().chain(by_pattern.map(|(_, part)| part)) {
                met = true;
                self.check(part, member, &at, errors);
            }
            match schema.get("additionalProperties") {
                Some(Value::Bool(false)) if !met => errors.push(format!("{at}: is not known")),
                Some(part @ Value::Object(_)) if !met => self.check(part, member, &at, errors),
                _ => {}
            }
        }
    }
}

fn is_a(kind: Option<&str>, value: &Value) -> bool {
    match kind.expect("a type") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        other => panic!("{other} is no type"),
    }
}

fn gather(schema: &Value, patterns: &mut BTreeMap<String, Regex>) {
    let mut add = |pattern: &str| {
        let compiled = Regex::new(pattern).unwrap_or_else(|error| panic!("{error}"));
        patterns.insert(pattern.to_owned(), compiled);
    };
    match schema {
        Value::Object(parts) => {
            parts.get("pattern").and_then(Value::as_str).into_iter().for_each(&mut add);
            parts
                .get("patternProperties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .for_each(|(key, _)| add(key));
            parts.values().for_each(|part| gather(part, patterns));
        }
        Value::Array(parts) => parts.iter().for_each(|part| gather(part, patterns)),
        _ => {}
    }
}

#[test]
fn the_validator_refuses_what_each_keyword_forbids() {
    let schema = Schema::new(serde_json::json!({
        "type": "object", "required": ["a"], "additionalProperties": false, "patternProperties": {"^x-": {}},
        "properties": {"a": {"enum": [1, "1"]}, "b": {"$ref": "#/definitions/word"}, "c": {"type": "array", "maxItems": 1, "items": {"type": "integer"}}},
        "not": {"required": ["b", "c"]}, "definitions": {"word": {"type": ["string", "null"], "minLength": 1, "pattern": "^[a-z]*$"}}
    }));
    for good in [r#"{"a": 1}"#, r#"{"a": "1", "b": "x"}"#, r#"{"a": 1, "b": null, "x-y": 5}"#, r#"{"a": 1, "c": [5]}"#]
    {
        assert_eq!(schema.errors(&serde_json::from_str(good).unwrap()), [""; 0], "{good}");
    }
    for bad in [
        "[]",
        "{}",
        r#"{"a": 2}"#,
        r#"{"a": 1, "d": 1}"#,
        r#"{"a": 1, "b": ""}"#,
        r#"{"a": 1, "b": "X"}"#,
        r#"{"a": 1, "b": 1}"#,
        r#"{"a": 1, "c": [1, 2]}"#,
        r#"{"a": 1, "c": ["x"]}"#,
        r#"{"a": 1, "b": "x", "c": []}"#,
    ] {
        assert!(!schema.is_valid(&serde_json::from_str(bad).unwrap()), "{bad}");
    }
}
