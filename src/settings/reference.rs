//! The references to secrets that stand all over the settings: a value, a file, a variable, a credential.

use secrecy::SecretString;

use super::secret::Secret;
use super::values::filled;
use crate::yaml::document::ValueKind;
use crate::yaml::mapping::{Fields, Report, Shape};
use crate::yaml::problem::Code;

pub(super) const SECRET: Shape =
    Shape { what: "a secret", keys: &["file", "env", "credential"], free_x: false, synonyms: &[] };

/// Says nothing of what stands there: it may be the secret.
pub(super) fn secret(fields: &Fields<'_>, key: &str, report: &mut Report) -> Option<Secret> {
    let node = fields.get(key)?;
    if let Some(text) = node.text().filter(|text| !text.trim().is_empty()) {
        return Some(Secret::Value(SecretString::from(text.to_owned())));
    }
    if !matches!(node.kind, ValueKind::Map(_)) {
        report
            .add(Code::WrongType, &fields.key_span(key), format!("`{key}` is neither text nor a reference to a secret"))
            .help("put a value in quotes, or write `{file: PATH}`, `{env: NAME}` or `{credential: NAME}`");
        return None;
    }
    let inner = Fields::read(node, &fields.key_span(key), &SECRET, report)?;
    let kinds: Vec<&str> = SECRET.keys.iter().copied().filter(|kind| inner.has(kind)).collect();
    let [kind] = kinds.as_slice() else {
        if SECRET.keys.iter().all(|kind| inner.lacks(kind)) || kinds.len() > 1 {
            report
                .add(
                    Code::Exclusive,
                    &fields.key_span(key),
                    format!("`{key}` needs exactly one of `file`, `env`, `credential`"),
                )
                .help(format!("write `{key}: {{file: /etc/storyd/cafe.key}}`"));
        }
        return None;
    };
    let text = inner.text(kind, report)?;
    let span = text.span.clone();
    let value = filled(kind, text, report)?;
    match *kind {
        "file" => Some(Secret::File(report.source.dir().join(value))),
        _ if value.contains(['/', '=']) || value.contains(char::is_whitespace) => {
            report
                .add(Code::BadName, &span, format!("this cannot be the name of an `{kind}` secret"))
                .help("write the name alone, without a path or a value");
            None
        }
        "env" => Some(Secret::Env(value)),
        _ => Some(Secret::Credential(value)),
    }
}
