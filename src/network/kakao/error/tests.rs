//! The fault table, cell by cell, as a person reads it.

use super::*;

fn coded(status: u16, code: i64) -> BadAnswer {
    BadAnswer::Answer(FailedAnswer {
        status,
        retry_after: None,
        body: ErrorBody::Coded { code, msg: String::new(), scopes: vec![] },
    })
}

fn koe(status: u16, code: &str, error: &str) -> BadAnswer {
    let body = ErrorBody::Login { code: code.into(), error: error.into(), description: String::new() };
    BadAnswer::Answer(FailedAnswer { status, retry_after: None, body })
}

fn bare(status: u16) -> BadAnswer {
    with(status, ErrorBody::Unreadable("its body is empty".into()))
}

fn with(status: u16, body: ErrorBody) -> BadAnswer {
    BadAnswer::Answer(FailedAnswer { status, retry_after: None, body })
}

/// A class in a word or two.
fn word(fault: &Fault) -> String {
    let span = |wait: &Duration| match wait.as_secs() {
        secs if secs % 3600 == 0 => format!("{}h", secs / 3600),
        secs if secs % 60 == 0 => format!("{}m", secs / 60),
        secs => format!("{secs}s"),
    };
    match &fault.class {
        FaultClass::Transient { tries_max: Some(max), .. } => format!("transient {max}x"),
        FaultClass::Transient { at_least, .. } if *at_least > Duration::ZERO => format!("transient {}", span(at_least)),
        FaultClass::Transient { .. } => "transient".into(),
        FaultClass::Permanent => "permanent".into(),
        FaultClass::Ambiguous => "ambiguous".into(),
        FaultClass::Blocked(Block { scope: BlockScope::Everyone, cure }) => format!("everyone {cure:?}").to_lowercase(),
        FaultClass::Blocked(Block { cure: Remedy::Wait(wait), .. }) => format!("wait {}", span(wait)),
        FaultClass::Blocked(Block { cure: Remedy::Consent(scopes), .. }) => format!("consent {}", scopes.len()),
        FaultClass::Blocked(Block { cure, .. }) => format!("{cure:?}").to_lowercase(),
    }
}

/// (what, the trouble, for a repeatable call, for one that must not be sent twice).
#[rustfmt::skip]
// tidy: long-function because it is one table, a cell a line
fn cells() -> Vec<(&'static str, BadAnswer, &'static str, &'static str)> {
    vec![
        // Kakao's codes, with the status that the documents give them.
        ("-1    400", coded(400, -1), "transient", "ambiguous"),
        ("-2    400", coded(400, -2), "permanent", "permanent"),
        ("-3    403", coded(403, -3), "owner", "owner"),
        ("-4    403", coded(403, -4), "person", "person"),
        ("-5    403", coded(403, -5), "owner", "owner"),
        ("-6    403", coded(403, -6), "permanent", "permanent"),
        ("-7    400", coded(400, -7), "transient 5m", "ambiguous"),
        ("-8    400", coded(400, -8), "permanent", "permanent"),
        ("-9    400", coded(400, -9), "everyone ended", "everyone ended"),
        ("-10   400", coded(400, -10), "wait 1h", "wait 1h"),
        ("-11   400", coded(400, -11), "owner", "owner"),
        ("-12   403", coded(403, -12), "owner", "owner"),
        ("-101  400", coded(400, -101), "login", "login"),
        ("-103  400", coded(400, -103), "login", "login"),
        ("-401  401", coded(401, -401), "refresh", "refresh"),
        ("-402  403", coded(403, -402), "consent 2", "consent 1"),
        ("-406  401", coded(401, -406), "person", "person"),
        ("-601  400", coded(400, -601), "join", "join"),
        ("-602  400", coded(400, -602), "permanent", "permanent"),
        ("-603  400", coded(400, -603), "transient", "ambiguous"),
        ("-604  400", coded(400, -604), "transient 2x", "transient 2x"),
        ("-605  400", coded(400, -605), "permanent", "permanent"),
        ("-606  400", coded(400, -606), "permanent", "permanent"),
        ("-911  400", coded(400, -911), "permanent", "permanent"),
        ("-9798 503", coded(503, -9798), "transient 5m", "ambiguous"),
        // Codes that no document names, and codes in strange company.
        ("-777  400", coded(400, -777), "permanent", "permanent"),
        ("-777  408", coded(408, -777), "transient", "ambiguous"),
        ("-777  409", coded(409, -777), "transient", "ambiguous"),
        ("-777  429", coded(429, -777), "wait 1h", "wait 1h"),
        ("-777  499", coded(499, -777), "transient", "ambiguous"),
        ("-777  500", coded(500, -777), "transient", "ambiguous"),
        ("-10   429", coded(429, -10), "wait 1h", "wait 1h"),
        ("-2    408", coded(408, -2), "permanent", "permanent"),
        ("-2    500", coded(500, -2), "permanent", "ambiguous"),
        ("-401  500", coded(500, -401), "refresh", "ambiguous"),
        ("-401  302", coded(302, -401), "refresh", "ambiguous"),
        ("-1    200", coded(200, -1), "transient", "ambiguous"),
        // A status without a code: empty, HTML, cut short.
        ("200 unreadable", bare(200), "transient", "ambiguous"),
        ("200 truncated", with(200, ErrorBody::Truncated), "transient", "ambiguous"),
        ("200 timeout", with(200, ErrorBody::Timeout), "transient", "ambiguous"),
        ("200 oversized", with(200, ErrorBody::Oversized), "transient", "ambiguous"),
        ("204", bare(204), "transient", "ambiguous"),
        ("301", bare(301), "transient", "ambiguous"),
        ("302", bare(302), "transient", "ambiguous"),
        ("400", bare(400), "transient", "ambiguous"),
        ("400 truncated", with(400, ErrorBody::Truncated), "transient", "ambiguous"),
        ("401", bare(401), "refresh", "ambiguous"),
        ("403", bare(403), "transient", "ambiguous"),
        ("404", bare(404), "transient", "ambiguous"),
        ("408", bare(408), "transient", "ambiguous"),
        ("409", bare(409), "transient", "ambiguous"),
        ("413", bare(413), "permanent", "ambiguous"),
        ("425", bare(425), "transient", "ambiguous"),
        ("429", bare(429), "wait 1h", "wait 1h"),
        ("499", bare(499), "transient", "ambiguous"),
        ("500", bare(500), "transient", "ambiguous"),
        ("502", bare(502), "transient", "ambiguous"),
        ("503", bare(503), "transient", "ambiguous"),
        ("504", bare(504), "transient", "ambiguous"),
        ("KOE from the API", koe(400, "KOE003", "server_error"), "transient", "ambiguous"),
        // No status at all.
        ("timeout", BadAnswer::NoAnswer(Lost::Timeout, String::new()), "transient", "ambiguous"),
        ("reset", BadAnswer::NoAnswer(Lost::Broken, String::new()), "transient", "ambiguous"),
        ("dns", BadAnswer::NotSent(RequestNotSent::Dns, String::new()), "transient", "transient"),
        ("connect", BadAnswer::NotSent(RequestNotSent::Connect, String::new()), "transient", "transient"),
        ("unsendable", BadAnswer::NotSent(RequestNotSent::Unsendable, String::new()), "permanent", "permanent"),
    ]
}

#[test]
fn every_cell_is_as_written_down() {
    for (what, trouble, repeatable, once) in cells() {
        assert_eq!(word(&fault(CallKind::Repeatable, &trouble)), repeatable, "{what}, repeatable");
        assert_eq!(word(&fault(CallKind::Once, &trouble)), once, "{what}, once");
    }
}

#[test]
fn every_code_of_the_table_has_its_cells() {
    for row in &table::ROWS {
        let named = |name: &str| name.split_whitespace().next() == Some(row.code.to_string().as_str());
        assert!(cells().iter().any(|(name, ..)| named(name)), "{}", row.code);
    }
}

#[test]
fn the_table_reads_like_this() {
    let mut out = String::new();
    for (what, trouble, ..) in cells() {
        let (repeatable, once) = (fault(CallKind::Repeatable, &trouble), fault(CallKind::Once, &trouble));
        out.push_str(&format!("{what:<17} {:<15} {:<15} {repeatable}\n", word(&repeatable), word(&once)));
        if once.to_string() != repeatable.to_string() {
            out.push_str(&format!("{:<49} {once}\n", ""));
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn only_a_listed_refusal_or_a_request_that_never_left_is_without_doubt_for_a_post() {
    for status in (100..600).filter(|status| *status != 429) {
        assert_eq!(fault(CallKind::Once, &bare(status)).class, FaultClass::Ambiguous, "{status} without a code");
        for code in [-1, -7, -603, -9798] {
            assert_eq!(
                fault(CallKind::Once, &coded(status, code)).class,
                FaultClass::Ambiguous,
                "{status} with {code}"
            );
        }
        if !(400..500).contains(&status) {
            assert_eq!(fault(CallKind::Once, &coded(status, -2)).class, FaultClass::Ambiguous, "{status} with -2");
        }
    }
}

#[test]
fn only_posts_can_be_in_doubt() {
    for (what, trouble, ..) in cells() {
        for call in [CallKind::Repeatable, CallKind::Login] {
            assert_ne!(fault(call, &trouble).class, FaultClass::Ambiguous, "{what}, {call:?}");
        }
    }
}

#[test]
fn the_login_service_blocks_an_account_and_fails_no_post() {
    for (trouble, expected) in [
        (koe(500, "KOE003", "server_error"), "transient"),
        (koe(400, "KOE237", "too_many_requests"), "wait 10m"),
        (koe(400, "KOE319", "invalid_request"), "login"),
        (koe(400, "KOE320", "invalid_grant"), "login"),
        (koe(400, "KOE322", "invalid_grant"), "login"),
        (koe(400, "invalid_grant", "invalid_grant"), "login"),
        (koe(401, "KOE010", "invalid_client"), "settings"),
        (koe(401, "invalid_client", "invalid_client"), "settings"),
        (koe(400, "KOE004", "misconfigured"), "settings"),
        (koe(400, "KOE009", "misconfigured"), "settings"),
        (koe(400, "KOE101", "invalid_client"), "settings"),
        (koe(400, "KOE303", "invalid_grant"), "settings"),
        (koe(400, "KOE999", "unheard_of"), "login"),
        (koe(500, "KOE999", "unheard_of"), "transient"),
        (koe(429, "KOE999", "unheard_of"), "wait 10m"),
        (coded(400, -1), "transient"),
        (coded(503, -9798), "transient 5m"),
        (coded(400, -2), "settings"),
        (coded(401, -401), "login"),
        (bare(401), "settings"),
        (bare(400), "transient"),
        (bare(502), "transient"),
        (bare(200), "transient"),
    ] {
        assert_eq!(word(&fault(CallKind::Login, &trouble)), expected, "{trouble:?}");
    }
    for (what, trouble, ..) in cells() {
        assert_ne!(fault(CallKind::Login, &trouble).class, FaultClass::Permanent, "{what}");
    }
}

#[test]
fn a_wish_to_wait_is_heeded_within_bounds() {
    let wait = |status, body, secs| {
        let answer = FailedAnswer { status, retry_after: Some(Duration::from_secs(secs)), body };
        word(&fault(CallKind::Repeatable, &BadAnswer::Answer(answer)))
    };
    let quota = || ErrorBody::Coded { code: -10, msg: String::new(), scopes: vec![] };
    assert_eq!(wait(429, ErrorBody::Unreadable("its body is HTML".into()), 120), "wait 2m");
    assert_eq!(wait(429, ErrorBody::Unreadable("its body is HTML".into()), 0), "wait 1m", "never a busy loop");
    assert_eq!(wait(429, ErrorBody::Unreadable("its body is HTML".into()), 999_999), "wait 24h");
    assert_eq!(wait(400, quota(), 7200), "wait 2h");
    assert_eq!(wait(503, ErrorBody::Unreadable("its body is HTML".into()), 120), "transient 2m");
    let maintenance = ErrorBody::Coded { code: -9798, msg: String::new(), scopes: vec![] };
    assert_eq!(wait(503, maintenance, 1), "transient 5m", "no shorter than the table says");
}

#[test]
fn a_missing_consent_names_the_scopes() {
    let scopes = vec!["story_publish".to_owned(), "story_read".to_owned()];
    let body = ErrorBody::Coded { code: -402, msg: "insufficient scopes.".into(), scopes };
    let fault = name_account(fault(CallKind::Once, &with(403, body)), "cafe");
    insta::assert_snapshot!(fault, @r#"the account has not consented to this: "insufficient scopes." (-402). Consent to story_publish, story_read as this account: `storyd account login cafe --scopes story_publish,story_read` shows the page for it."#);
}

#[test]
fn a_story_that_is_gone_is_known_as_such() {
    assert!(is_gone(&fault(CallKind::Repeatable, &coded(400, -605))));
    assert!(!is_gone(&fault(CallKind::Repeatable, &coded(400, -606))));
    assert!(fault(CallKind::Repeatable, &coded(401, -401)).wants_refresh());
    assert!(
        !fault(CallKind::Repeatable, &coded(401, -406)).wants_refresh(),
        "an age limit is a 401 that no refresh cures"
    );
}

#[test]
fn a_servers_words_are_shown_short_in_one_line_and_without_tokens() {
    assert_eq!(excerpt("  two\r\nlines\u{7}\u{202e} "), "two  lines");
    assert_eq!(excerpt("token abcdefghijklmnopqrstuvwxyz012345 is dead"), "token […] is dead");
    assert_eq!(excerpt("1234567.AbCdEfGhIjK stays"), "1234567.AbCdEfGhIjK stays");
    let long = excerpt(&"가 ".repeat(10_000));
    assert_eq!(long.chars().count(), 200);
    assert!(long.ends_with('…'));
}

#[test]
fn no_reason_and_no_code_is_empty() {
    for (what, trouble, ..) in cells() {
        for call in [CallKind::Repeatable, CallKind::Once, CallKind::Login] {
            let fault = fault(call, &trouble);
            assert!(!fault.code.is_empty() && !fault.reason.is_empty(), "{what}");
            assert!(!fault.reason.ends_with('.'), "{what}: {}", fault.reason);
            assert!(fault.remedy.is_empty() || fault.remedy.ends_with('.'), "{what}: {}", fault.remedy);
        }
    }
}
