//! What templates say, and what is said of those that cannot be read.

use super::*;

fn say(text: &str) -> Result<String, String> {
    let vars =
        [("shop", "성수점"), ("가격", "4,500원")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    if let Some(error) = check(text, &vars).first() {
        return Err(error.to_string());
    }
    let local = jiff::civil::date(2026, 12, 1).at(9, 5, 0, 0);
    let names = Names { vars: &vars, job: "공지", account: "cafe" };
    TemplateEngine::new(&[text.to_owned()], names).expand(0, text, local).map_err(|error| error.to_string())
}

#[test]
fn names_become_what_they_stand_for() {
    for (text, said) in [
        ("{{ shop }} {{가격}}", "성수점 4,500원"),
        ("{{ date }} {{ time }} {{ weekday }}", "2026-12-01 09:05 화요일"),
        ("{{ date.month }}월 {{ date.day }}일, {{ time.hour }}시", "12월 1일, 9시"),
        ("{{ date | format('%-m월 %-d일 (%a) %p %-I시') }}", "12월 1일 (화) 오전 9시"),
        ("{{ date | format(\"%A, %d %B\", lang=\"en\") }}", "Tuesday, 01 December"),
        ("{{ date | add_days(6) | format(\"%m/%d %A\") }}", "12/07 월요일"),
        ("{{ weekday[:1] }} {{ job }} {{ account }}", "화 공지 cafe"),
        ("{{ '할인' if weekday == '화요일' else '' }}", "할인"),
        ("{{ \"{{\" }} {% x %} {# y #} }}", "{{ {% x %} {# y #} }}"),
        ("D-{{ days_until(\"2026-12-25\") }}", "D-24"),
        ("{{ date | days_until('2026-11-30') }}", "-1"),
        ("{{ 'D-DAY' if days_until('2026-12-01') == 0 else '' }}", "D-DAY"),
        ("{{ shop ~ \" *\" }}\n", "성수점 *\n"),
        ("<{{ shop }}> & \"", "<성수점> & \""),
    ] {
        assert_eq!(say(text).as_deref(), Ok(said), "{text}");
    }
}

#[test]
fn what_cannot_be_made_is_told_and_never_posted() {
    for (text, said) in [
        ("{{ shpo }}", "nobody has set `shpo`; did you mean `shop`?"),
        ("{{ shop", "never closed"),
        ("{{ }}", "cannot be read"),
        ("{{ date.week }}", "does not have"),
        ("{{ '2026-12-25' - date }}", "days_until(\"2026-12-25\")"),
        ("{{ date - '2026-12-25' }}", "days_until(\"2026-12-25\")"),
        ("{{ date + 7 }}", "add_days(7)"),
        ("{{ date - 7 }}", "add_days(-7)"),
        ("{{ days_until('12/25') }}", "is no date"),
        ("{{ days_until('2026-12-25') == '3' }}", "never alike"),
        ("{{ date | format('MM월 DD일') }}", "write `%-m월 %-d일`"),
        ("{{ date | format(shop) }}", "holds no `%` field"),
        ("{{{ shop }}}", "write `{{ shop }}`"),
        ("{{ shop | upper }}", "there is no filter `upper`"),
        ("{{ shop | format('%Y') }}", "only `date` and `time`"),
        ("{{ date | format('%Q%!') }}", "no field"),
        ("{{ date | format('%Y', lang='fr') }}", "`lang` is"),
        ("{{ date | add_days(4000) }}", "at most"),
        ("{{ 'x' * 100000000 }}", "has no meaning"),
        ("{{ shop + 1 }}", "variables are texts"),
    ] {
        let told = say(text);
        assert!(told.as_ref().is_err_and(|told| told.contains(said)), "{text}: {told:?}");
    }
}

#[test]
fn what_comes_out_is_bounded() {
    let vars = [("long".to_owned(), "가".repeat(2_000))].into();
    let local = jiff::civil::date(2026, 12, 1).at(9, 5, 0, 0);
    let names = Names { vars: &vars, job: "a", account: "a" };
    let text = "{{ long }}".repeat(1_000);
    assert_eq!(check(&text, &vars), []);
    let told = TemplateEngine::new(&[], names).expand(0, &text, local).map_err(|error| error.to_string());
    assert!(told.is_err_and(|told| told.contains("more than 65536 bytes")));
    assert!(!check(&"{{ long }} ".repeat(10_000), &vars).is_empty(), "the source is bounded");
}
