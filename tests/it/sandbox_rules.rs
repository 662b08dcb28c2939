//! When faults happen: rules, their limits, and how they are written.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use kakao_sandbox::{Call, FaultName, FaultRule};

use crate::sandbox_support::Bench;

#[tokio::test]
async fn rules_are_limited_by_count_call_account_and_chance() {
    let mut bench = Bench::with(|options| options.accounts = vec!["cafe".into(), "bakery".into()]).await;
    bench.fault(FaultRule::new(FaultName::Code(-10)).times(2).on(&[Call::Note]).account("bakery"));
    bench.note("cafe").await.id();
    bench.token = bench.sandbox.accounts()[1].access_token.clone();
    assert_eq!(bench.get("/v1/api/story/mystories").await.status, 200);
    let statuses = [bench.note("1").await.status, bench.note("2").await.status, bench.note("3").await.status];
    assert_eq!(statuses, [400, 400, 200]);
    assert_eq!(bench.sandbox.faults()[0].count, Some(0));

    let run = async || {
        let rule = FaultRule::new(FaultName::Code(-10)).probability(0.5);
        let bench = Bench::with(|options| {
            options.seed = 11;
            options.faults = vec![rule];
        })
        .await;
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(bench.get("/v1/api/story/isstoryuser").await.status);
        }
        statuses
    };
    let statuses = run().await;
    assert!((8..32).contains(&statuses.iter().filter(|status| **status == 200).count()), "{statuses:?}");
    assert_eq!(run().await, statuses, "the same seed repeats the run");
}

#[test]
fn rules_read_back_as_text_and_as_json() {
    let texts = [
        "answer-lost",
        "answer-lost=0.3",
        "late-effect=0.5,count=2,calls=note+photo,account=cafe,after=1m30s",
        "delay,after=500ms",
        "code-401,count=1,calls=token_info",
        "koe237",
    ];
    for text in texts {
        let rule: FaultRule = text.parse().unwrap();
        assert_eq!(rule.to_string(), text);
        let json = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<FaultRule>(&json).unwrap(), rule, "{json}");
    }
    assert_eq!("-603=0.1".parse::<FaultRule>().unwrap().name, FaultName::Code(-603));
}

#[test]
fn rules_that_make_no_sense_are_refused_with_what_is_valid() {
    let cells = [
        ("anwser_lost", "did you mean \"answer-lost\"?"),
        ("answer-lost=2", "is not between 0 and 1"),
        ("answer-lost=often", "no probability"),
        ("answer-lost=NaN", "is not between 0 and 1"),
        ("late-effect,calls=mystories", "only on note+photo+link"),
        ("answer-lost,calls=notes", "did you mean note?"),
        ("answer-lost,after=5s", "has no duration"),
        ("delay,after=soon", "no duration"),
        ("delay,count=-1", "no count"),
        ("delay,color=red", "valid are count, calls, account, after"),
    ];
    for (text, expected) in cells {
        let error = text.parse::<FaultRule>().unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[tokio::test]
async fn a_sandbox_does_not_start_or_go_on_with_an_impossible_rule() {
    let rule = FaultRule::new(FaultName::LateEffect).on(&[Call::Profile]);
    let options = kakao_sandbox::Options { faults: vec![rule.clone()], ..Default::default() };
    assert!(kakao_sandbox::start(options).await.is_err());
    let bench = Bench::new().await;
    assert!(bench.sandbox.set_faults(vec![rule]).is_err());
    assert!(bench.sandbox.faults().is_empty());
}
