//! How sentences are shown on the pages: what stands between backticks is something to type or a name, and becomes code.

use std::fmt::{Display, Write};

use askama::filters::{Html, Safe, escape};

/// A sentence, with the parts between backticks as code. Every part is escaped; a backtick alone stands for itself.
#[askama::filter_fn]
pub(super) fn said(sentence: impl Display, _: &dyn askama::Values) -> askama::Result<Safe<String>> {
    Ok(Safe(in_html(&sentence.to_string())?))
}

fn in_html(sentence: &str) -> Result<String, std::fmt::Error> {
    let mut out = String::with_capacity(sentence.len());
    let mut rest = sentence;
    let escaped = |part: &str, out: &mut String| match escape(part, Html) {
        Ok(part) => write!(out, "{part}"),
        Err(never) => match never {},
    };
    while let Some((before, code, behind)) = next_code(rest) {
        escaped(before, &mut out)?;
        out.push_str("<code>");
        escaped(code, &mut out)?;
        out.push_str("</code>");
        rest = behind;
    }
    escaped(rest, &mut out)?;
    Ok(out)
}

/// What stands before the next two backticks of a line, between them, and behind them.
fn next_code(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('`')?;
    let (code, behind) = rest.split_once('`')?;
    (!code.is_empty() && !code.contains('\n')).then_some((before, code, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_backticks_is_code_and_everything_is_escaped() {
        for (sentence, html) in [
            ("`storyd check` tells more", "<code>storyd check</code> tells more"),
            ("use `a` or `b`", "use <code>a</code> or <code>b</code>"),
            ("no code", "no code"),
            ("one ` alone", "one ` alone"),
            ("`a` and ` alone", "<code>a</code> and ` alone"),
            ("``", "``"),
            ("", ""),
            ("`<b>` & <i>", "<code>&#60;b&#62;</code> &#38; &#60;i&#62;"),
            ("`</code><script>`", "<code>&#60;/code&#62;&#60;script&#62;</code>"),
            ("a ` over\ntwo ` lines", "a ` over\ntwo ` lines"),
            ("`공지` 🎉", "<code>공지</code> 🎉"),
        ] {
            assert_eq!(in_html(sentence).as_deref(), Ok(html), "{sentence}");
        }
    }
}
