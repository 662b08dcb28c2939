//! The published schemas of what `--json` prints, and whether a value is as they say.

use std::path::Path;

use serde_json::Value;

/// The parts of JSON Schema that our schemas use, and nothing else. What does not fit, by its path.
pub(crate) fn misfits(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    for key in schema.as_object().unwrap().keys() {
        let known = [
            "$schema",
            "title",
            "description",
            "type",
            "enum",
            "anyOf",
            "properties",
            "required",
            "additionalProperties",
            "items",
        ];
        assert!(known.contains(&key.as_str()), "{key} is not checked by this test");
    }
    if let Some(options) = schema["anyOf"].as_array() {
        let fits = options.iter().any(|option| {
            let mut inside = Vec::new();
            misfits(option, value, path, &mut inside);
            inside.is_empty()
        });
        if !fits {
            found.push(format!("{path}: {value} is none of {} choices", options.len()));
        }
        return;
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        found.push(format!("{path}: {value} is not one of {}", schema["enum"]));
    }
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = match &schema["type"] {
        Value::String(one) => one == is,
        Value::Array(several) => several.iter().any(|one| one == is),
        _ => true,
    };
    if !allowed {
        found.push(format!("{path}: {is} instead of {}", schema["type"]));
    }
    if let Some(items) = value.as_array() {
        for (index, item) in items.iter().enumerate() {
            misfits(&schema["items"], item, &format!("{path}[{index}]"), found);
        }
    }
    let (Some(properties), Some(object)) = (schema["properties"].as_object(), value.as_object()) else { return };
    for (key, item) in object {
        match properties.get(key) {
            Some(schema) => misfits(schema, item, &format!("{path}.{key}"), found),
            None => found.push(format!("{path}.{key} is not in the schema")),
        }
    }
    for required in schema["required"].as_array().unwrap() {
        if !object.contains_key(required.as_str().unwrap()) {
            found.push(format!("{path}.{required} is missing"));
        }
    }
}

/// Fails where a value is not as its published schema says.
#[track_caller]
pub(crate) fn fits(schema: &str, value: &Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schemas/{schema}.json"));
    let known: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut found = Vec::new();
    misfits(&known, value, "", &mut found);
    assert!(found.is_empty(), "{schema}: {found:#?}");
}
