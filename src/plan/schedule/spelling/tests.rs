//! Tables of spellings: the date that is offered for each.

use super::*;

fn seoul() -> Zone {
    let name = "Asia/Seoul".to_owned();
    Zone { zone: super::super::zone::known(&name).expect("a zone"), name }
}

fn time(text: &str) -> String {
    time_help(text, Some(&seoul())).unwrap_or_default()
}

#[test]
fn the_very_date_is_offered_however_it_was_spelt() {
    for (text, written) in [
        ("2026.12.03 10:00", "2026-12-03 10:00"),
        ("2026. 12. 3. 10:00", "2026-12-03 10:00"),
        ("2026. 12. 3. (목) 오전 10:00", "2026-12-03 10:00"),
        ("2026/12/03 10:00", "2026-12-03 10:00"),
        ("2026-12-3 9:05", "2026-12-03 09:05"),
        ("2026-12-03T9:05", "2026-12-03 09:05"),
        ("20261203 0905", "2026-12-03 09:05"),
        ("20261203T0905", "2026-12-03 09:05"),
        ("2026년 12월 3일 오후 3시", "2026-12-03 15:00"),
        ("2026년12월3일 15시30분", "2026-12-03 15:30"),
        ("2026년 12월 3일 (목) 낮 12시", "2026-12-03 12:00"),
        ("2026년 12월 3일 저녁 7시 반", "2026-12-03 19:30"),
        ("2026년 12월 3일 저녁 7시반", "2026-12-03 19:30"),
        ("26년 12월 3일 9시", "2026-12-03 09:00"),
        ("26.12.03 9:00", "2026-12-03 09:00"),
        ("12/24/2026 18:00", "2026-12-24 18:00"),
        ("24/12/2026 6pm", "2026-12-24 18:00"),
        ("24.12.2026 18.00", "2026-12-24 18:00"),
        ("03.04.2026 18:00", "2026-04-03 18:00"),
        ("24-12-2026 18:00", "2026-12-24 18:00"),
        ("Thu, 3 Dec 2026 09:00:00", "2026-12-03 09:00"),
        ("December 3, 2026 9:30 PM", "2026-12-03 21:30"),
        ("3rd December 2026 at 9am", "2026-12-03 09:00"),
        ("3-Dec-2026 09:00", "2026-12-03 09:00"),
        ("2026-12-03 9am", "2026-12-03 09:00"),
        ("2026-12-03 오전 9시", "2026-12-03 09:00"),
        ("2026-12-03 12:30 a.m.", "2026-12-03 00:30"),
        ("2026-12-03 24:00", "2026-12-04 00:00"),
        ("2026-12-03 09:00:15.250", "2026-12-03 09:00:15"),
        ("2026-12-03 정오", "2026-12-03 12:00"),
        ("２０２６-12-03 09：00", "2026-12-03 09:00"),
        ("2026–12–03 09:00", "2026-12-03 09:00"),
        ("2026-12-03 21h30", "2026-12-03 21:30"),
    ] {
        let told = time(text);
        match written {
            "" => assert_eq!(told, "", "{text}"),
            written => assert_eq!(told, format!("write `{written}`"), "{text}"),
        }
    }
}

#[test]
fn what_is_left_open_is_asked_for_and_what_is_not_understood_gets_no_date() {
    for (text, told) in [
        ("03/04/2026 18:00", "write `2026-04-03 18:00` if the day comes first, `2026-03-04 18:00` if the month does"),
        ("2026.12.03", "add the time of day: `2026-12-03 09:00`"),
        ("2026년 12월 3일", "add the time of day: `2026-12-03 09:00`"),
        ("오후 3시", "add the date: `2026-12-01 15:00`"),
        ("9am", "add the date: `2026-12-01 09:00`"),
        ("12월 3일 오후 3시", "write the year too: `2026-12-03 15:00`, with the year that is meant"),
        ("12/3 15:00", "write the year too: `2026-12-03 15:00`, with the year that is meant"),
        ("20266-12-25 09:00", "a year has four digits, and `20266` has 5: write it as in `2026-12-01 09:00`"),
    ] {
        assert_eq!(time(text), told, "{text}");
    }
    for text in [
        "tomorrow",
        "내일 오전 9시",
        "",
        "2026-02-30 09:00x",
        "2026.02.30 9:00",
        "24/11/26",
        "매주 월요일 9시",
        "2026-W49",
        "1764547200",
    ] {
        assert_eq!(time(text), "", "{text}");
    }
    assert_eq!(date_help("2026.12.25").as_deref(), Some("write `2026-12-25`"));
    assert_eq!(date_help("25/12/2026").as_deref(), Some("write `2026-12-25`"));
    assert_eq!(date_help("2026년 12월 25일").as_deref(), Some("write `2026-12-25`"));
    assert_eq!(date_help("성탄절"), None);
}

#[test]
fn a_zone_behind_a_time_is_named_and_the_instant_stays() {
    let (same, other) =
        ("is too much, for the zone is that of the file (Asia/Seoul): write `2030-12-25 09:00`", "write the offset: ");
    for (text, word, rest, offset) in [
        ("2030-12-25 09:00 KST", "KST", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 kst", "kst", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 (KST)", "KST", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 +0900", "+0900", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 +09:00", "+09:00", same, "T09:00+09:00`"),
        ("2030-12-25 09:00+9", "+9", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 UTC+9", "UTC+9", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 GMT+09:00", "GMT+09:00", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 Asia/Seoul", "Asia/Seoul", same, "T09:00+09:00`"),
        ("2030-12-25 09:00[Asia/Seoul]", "Asia/Seoul", same, "T09:00+09:00`"),
        ("2030-12-25T09:00+09:00[Asia/Seoul]", "Asia/Seoul", same, "T09:00+09:00`"),
        ("2030-12-25T09:00:00+09:00[Asia/Seoul]", "Asia/Seoul", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 한국시간", "한국시간", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 한국 시간", "한국 시간", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 JST", "JST", same, "T09:00+09:00`"),
        ("2030-12-25 09:00KST", "KST", same, "T09:00+09:00`"),
        ("2030-12-25 오전 9시KST", "KST", same, "T09:00+09:00`"),
        ("2030-12-25 09:00UTC9", "UTC9", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 UTC9", "UTC9", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 GMT 9", "GMT 9", same, "T09:00+09:00`"),
        ("2030-12-25 09:00Asia/Seoul", "Asia/Seoul", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 posix/Asia/Seoul", "posix/Asia/Seoul", same, "T09:00+09:00`"),
        ("2030.12.25 오전 9시 KST", "KST", same, "T09:00+09:00`"),
        ("Wed, 25 Dec 2030 09:00:00 +0900", "+0900", same, "T09:00+09:00`"),
        ("2030-12-25 09:00 UTC", "UTC", other, "T09:00+00:00`, which is `2030-12-25 18:00`"),
        ("2030-12-25 09:00 Z", "Z", other, "T09:00+00:00`, which is `2030-12-25 18:00`"),
        (
            "2030-12-25 06:00 Australia/Brisbane",
            "Australia/Brisbane",
            other,
            "T06:00+10:00`, which is `2030-12-25 05:00`",
        ),
        ("2030-12-25 06:00 EST", "EST", other, "T06:00-05:00`, which is `2030-12-25 20:00`"),
        ("2030-12-25 14:30:00 -0500", "-0500", other, "T14:30-05:00`, which is `2030-12-26 04:30`"),
        ("2030-12-25 09:00 CST", "CST", "is the time of ", "as in `2030-12-25T09:00-06:00`"),
        (
            "2030-12-25 09:00 XYZ",
            "XYZ",
            "is too much: `2030-12-25 09:00` is read in the zone of the file (Asia/Seoul)",
            "XYZ",
        ),
    ] {
        let told = time(text);
        assert!(
            told.starts_with(&format!("`{word}` ")) && told.contains(rest) && told.contains(offset),
            "{text}: {told}"
        );
    }
}
