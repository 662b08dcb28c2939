//! What a panic may say. Its message can hold any value that was at hand, a token too, so only words that stand in the program are told.

use std::any::Any;

/// The message, where it is one of the program's own; a value could stand in any other.
pub(crate) fn said(message: &(dyn Any + Send)) -> &'static str {
    message
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("its message is left out, since it may quote what is secret")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_that_a_message_quotes_is_told() {
        let secret = String::from("s3cret");
        let panics: [Box<dyn Fn() + std::panic::RefUnwindSafe>; 3] = [
            Box::new(move || panic!("the token {secret:?} is odd")),
            Box::new(|| panic!("a plain sentence")),
            Box::new(|| std::panic::panic_any(5)),
        ];
        let told = panics.map(|panics| {
            let message = std::panic::catch_unwind(&panics).expect_err("it panics");
            said(&*message)
        });
        let left_out = "its message is left out, since it may quote what is secret";
        assert_eq!(told, [left_out, "a plain sentence", left_out]);
    }
}
