//! The names that mean something between the braces of a text, and that no variable can have.

/// The names that storyd sets itself.
pub(crate) const BUILT_IN: [&str; 5] = ["date", "time", "weekday", "job", "account"];
/// Words of the expressions, which cannot be names.
pub(crate) const WORDS: [&str; 15] =
    [COUNT, "and", "else", "false", "False", "if", "in", "is", "loop", "none", "None", "not", "or", "self", "true"];
/// The function that counts days.
pub(crate) const COUNT: &str = "days_until";
