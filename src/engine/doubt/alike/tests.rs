//! Measured on both sides: what servers do to texts must never be taken for another text, and the other texts of the same people never
//! for an altered one.

use super::*;

mod encoded;

/// Texts as teams send them, long and short.
const SENT: [&str; 16] = [
    "겨울 신메뉴가 나왔어요! 딸기 라떼 & 밤 라떼, 12월 1일부터 <한정 판매>. 자세한 내용은 https://cafe.example.com/menu?id=12 에서! #카페 #라떼 #신메뉴",
    "12월 24일(목)과 25일(금)은 22시까지 영업합니다.\n\n예약은 02-123-4567, 단체석은 하루 전까지 말씀해 주세요 :)\n따뜻한 연말 보내세요 🎄",
    "오늘의 원두는 에티오피아 예가체프입니다.  산미가 \"좋아요\" - 한 잔 4,500원, 리필 1,000원.",
    "We're open until 10 pm on Christmas Eve & closed on Christmas Day. Book a table: https://example.com/book 🎄 #cafe #seoul",
    "Today's roast: Ethiopia \"Yirgacheffe\" <washed> - 4.500 won per cup; refills are 1.000 won. See you soon!",
    "엄마, 바보라고 부르지 마세요! 오늘 연극 <바보들의 저녁>은 7시 30분에 시작합니다. 표는 현장에서만 팝니다.",
    "한 줄\n두 줄\n세 줄 café naïve ２０２６年 ㈜스토리 ①②③ ½",
    "주말엔 라떼 한 잔",
    "영업 시작합니다",
    "휴무입니다",
    "Good morning!",
    "ㅋㅋㅋㅋ",
    "🎉🎉",
    "감사합니다 :) ♥",
    "Tonight's \"Jazz & Wine\": doors open at 7 pm 🎷\nFree for members; <sold out> soon! #jazz #seoul",
    "Code of the day: <b>bold</b> & \\u0041 is 100%41, a:smile: b &lt; c",
];

/// What a server does to a text.
type Alteration = fn(&str) -> String;

/// What a server may do to a text, by name. What leaves a text as it is counts for nothing.
// tidy: long-function because it is a table.
fn alterations() -> Vec<(&'static str, Alteration)> {
    vec![
        ("html escaped", |t| html(t)),
        ("html escaped twice", |t| html(&html(t))),
        ("entities by number", |t| {
            t.chars()
                .map(
                    |c| {
                        if c.is_ascii_alphanumeric() || c == ' ' {
                            c.to_string()
                        } else {
                            format!("&#{};", u32::from(c))
                        }
                    },
                )
                .collect()
        }),
        ("entities by hexadecimal number", |t| {
            t.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("&#x{:X};", u32::from(c)) }).collect()
        }),
        ("entities that lost their semicolon", |t| html(t).replace("&lt;", "&lt").replace("&gt;", "&gt")),
        ("blanks as one", |t| t.split_whitespace().collect::<Vec<_>>().join(" ")),
        ("no blanks", |t| t.split_whitespace().collect()),
        ("blanks as &nbsp;", |t| t.replace(' ', "&nbsp;")),
        ("blanks as plus", |t| t.replace(' ', "+")),
        ("no line breaks", |t| t.replace('\n', "")),
        ("line breaks doubled", |t| t.replace('\n', "\n\n")),
        ("line breaks as <br/>", |t| t.replace('\n', "<br/>")),
        ("line breaks as backslash n", |t| t.replace('\n', "\\n")),
        ("CRLF", |t| t.replace('\n', "\r\n")),
        ("NFD", |t| normal(t, "nfd")),
        ("NFKC", |t| normal(t, "nfkc")),
        ("NFKD", |t| normal(t, "nfkd")),
        ("full width", |t| {
            t.chars()
                .map(|c| if ('!'..='~').contains(&c) { char::from_u32(u32::from(c) + 0xFEE0).unwrap() } else { c })
                .collect()
        }),
        ("upper case", |t| t.to_uppercase()),
        ("lower case", |t| t.to_lowercase()),
        ("no accents", |t| normal(t, "nfd").chars().filter(|c| !('\u{300}'..='\u{36F}').contains(c)).collect()),
        ("typographic quotes", |t| t.replace('"', "”").replace('\'', "’").replace("...", "…").replace(" - ", " — ")),
        ("no emoji", |t| t.chars().filter(|c| u32::from(*c) < 0x1_0000).collect()),
        ("emoji as ?", |t| t.chars().map(|c| if u32::from(c) < 0x1_0000 { c } else { '?' }).collect()),
        ("emoji as ????", |t| {
            t.chars().map(|c| if u32::from(c) < 0x1_0000 { c.to_string() } else { "????".into() }).collect()
        }),
        ("emoji as U+FFFD", |t| t.chars().map(|c| if u32::from(c) < 0x1_0000 { c } else { '\u{FFFD}' }).collect()),
        ("emoji by name", |t| t.replace('🎉', ":tada:").replace('🎄', ":christmas_tree:")),
        ("cut off after 140", |t| cut(t, 140, "")),
        ("cut off after 30 with an ellipsis", |t| cut(t, 30, "…")),
        ("cut off in the middle", |t| cut(t, t.chars().count() / 2, "...")),
        ("cut off, with 더보기", |t| cut(t, 40, "… 더보기")),
        ("cut off, with a word in brackets", |t| cut(t, 40, " (이하 생략)")),
        ("cut off, with read more", |t| cut(t, 40, "... Read more")),
        ("the beginning cut off", |t| t.chars().skip(t.chars().count() / 4).collect()),
        ("a prefix", |t| format!("[카페] {t}")),
        ("a long prefix", |t| format!("스토리드 님이 게시했습니다: {t}")),
        ("a suffix", |t| format!("{t}\n- 스토리에서 보냄")),
        ("said twice", |t| format!("{t}\n{t}")),
        ("no hashtags", |t| t.split(' ').filter(|word| !word.starts_with('#')).collect::<Vec<_>>().join(" ")),
        ("hashtags linked", |t| {
            t.split(' ')
                .map(|word| {
                    word.strip_prefix('#').map_or_else(
                        || word.into(),
                        |tag| format!("<a class=\"tag\" href=\"/hashtag/{tag}\">{word}</a>"),
                    )
                })
                .collect::<Vec<_>>()
                .join(" ")
        }),
        ("no addresses", |t| t.split(' ').filter(|word| !word.starts_with("http")).collect::<Vec<_>>().join(" ")),
        ("addresses shortened", |t| {
            t.split(' ')
                .map(|word| if word.starts_with("http") { "https://kko.to/aB3x9Qz" } else { word })
                .collect::<Vec<_>>()
                .join(" ")
        }),
        ("addresses linked", |t| {
            t.split(' ')
                .map(|word| {
                    if word.starts_with("http") {
                        format!("<a href=\"{word}\" target=\"_blank\">{word}</a>")
                    } else {
                        word.into()
                    }
                })
                .collect::<Vec<_>>()
                .join(" ")
        }),
        ("addresses as [link]", |t| {
            t.split(' ')
                .map(|word| if word.starts_with("http") { "[link]" } else { word })
                .collect::<Vec<_>>()
                .join(" ")
        }),
        ("percent-encoded", |t| {
            t.bytes()
                .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
                .collect()
        }),
        ("as JSON escapes", |t| {
            t.encode_utf16()
                .map(|u| if u < 128 { char::from(u as u8).to_string() } else { format!("\\u{u:04x}") })
                .collect()
        }),
        ("a word masked", |t| t.replace("바보", "**").replace("라떼", "**").replace("open", "****")),
        ("a word masked by signs", |t| t.replace("바보", "♡♡").replace("영업", "○○")),
        ("a word replaced by a note", |t| t.replace("바보", "[비속어]").replace("roast", "(removed)")),
        ("no punctuation", |t| t.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace()).collect()),
        ("only ASCII", |t| t.chars().filter(char::is_ascii).collect()),
        ("only ASCII, the rest as ?", |t| t.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()),
        ("UTF-8 read as Latin-1", |t| t.bytes().map(char::from).collect()),
        ("UTF-8 read as windows-1252, twice", |t| {
            let once = WINDOWS_1252.decode(t.as_bytes()).0.into_owned();
            WINDOWS_1252.decode(once.as_bytes()).0.into_owned()
        }),
        ("UTF-8 read as CP949", |t| EUC_KR.decode(t.as_bytes()).0.into_owned()),
        ("CP949 read as Latin-1", |t| WINDOWS_1252.decode(&EUC_KR.encode(t).0).0.into_owned()),
        ("CP949 read as UTF-8", |t| String::from_utf8_lossy(&EUC_KR.encode(t).0).into_owned()),
        ("nothing", |_| String::new()),
        ("blanks alone", |_| " \u{200B}\n".into()),
        ("all of it masked", |t| t.chars().map(|_| '*').collect()),
        ("an ellipsis alone", |_| "…".into()),
        ("tags around", |t| format!("<p><span style=\"color:#000\">{t}</span></p>")),
        ("tags stripped", |t| form::decoded(&format!("<p>{t}</p>"))),
        ("zero-width characters between", |t| t.chars().flat_map(|c| [c, '\u{200B}']).collect()),
        ("every third character lost", |t| {
            t.chars().enumerate().map(|(n, c)| if n % 3 == 2 { '\u{FFFD}' } else { c }).collect()
        }),
        ("markdown escaped", |t| t.replace('.', "\\.").replace('-', "\\-").replace('#', "\\#")),
        ("words in another order", |t| t.split_whitespace().rev().collect::<Vec<_>>().join(" ")),
        ("words in the order of the alphabet", |t| {
            let mut words: Vec<&str> = t.split_whitespace().collect();
            words.sort_unstable();
            words.join(" ")
        }),
        ("the first words last", |t| {
            let mut words: Vec<&str> = t.split_whitespace().collect();
            let many = words.len();
            words.rotate_left(3.min(many));
            words.join(" ")
        }),
        ("one letter another", |t| {
            if t.chars().count() < 5 {
                t.into()
            } else {
                t.chars().enumerate().map(|(n, c)| if n == 2 { '점' } else { c }).collect()
            }
        }),
        ("one letter less", |t| t.chars().enumerate().filter(|(n, _)| *n != 2).map(|(_, c)| c).collect()),
        ("every third word masked", |t| {
            t.split(' ')
                .enumerate()
                .map(|(n, w)| if n % 3 == 0 { "*".repeat(w.chars().count()) } else { w.into() })
                .collect::<Vec<_>>()
                .join(" ")
        }),
        ("as in a form", |t| url::form_urlencoded::byte_serialize(t.as_bytes()).collect()),
        ("tags stripped, as a filter does it", |t| {
            let mut tag = false;
            t.chars()
                .filter(|c| {
                    let was = tag;
                    tag = (tag || *c == '<') && *c != '>';
                    !(was || tag)
                })
                .collect()
        }),
        ("the first line alone", |t| t.lines().next().unwrap_or_default().into()),
        ("emoji by a word in brackets", |t| t.replace(['🎉', '🎄'], "(이모티콘)")),
        ("addresses with a parameter more", |t| {
            t.split(' ')
                .map(|word| if word.starts_with("http") { format!("{word}&utm_source=story") } else { word.into() })
                .collect::<Vec<_>>()
                .join(" ")
        }),
        ("direction marks around", |t| format!("\u{202A}{t}\u{202C}")),
    ]
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn normal(text: &str, form: &str) -> String {
    use icu_normalizer::{ComposingNormalizerBorrowed as Composing, DecomposingNormalizerBorrowed as Decomposing};
    match form {
        "nfd" => Decomposing::new_nfd().normalize(text),
        "nfkd" => Decomposing::new_nfkd().normalize(text),
        _ => Composing::new_nfkc().normalize(text),
    }
    .into_owned()
}

fn cut(text: &str, chars: usize, end: &str) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    text.chars().take(chars).collect::<String>() + end
}

/// Signs alone say too little for some of what is done to letters.
fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

#[test]
fn whatever_a_server_does_to_a_text_it_is_never_taken_for_another() {
    let (mut tried, mut unclear, mut wrong) = (0, 0, Vec::new());
    for sent in SENT {
        let known = Sent::new(sent);
        for (name, alter) in alterations() {
            let listed = alter(sent);
            // Words put before a text that has none make it another one.
            if !has_letters(sent) && has_letters(&form::decoded(&listed)) {
                continue;
            }
            tried += 1;
            match known.likeness(Some(&listed)) {
                Likeness::Other => wrong.push(format!("{name}: {sent:?} -> {listed:?}")),
                Likeness::Unclear => unclear += 1,
                Likeness::Alike | Likeness::Same => {}
            }
        }
        assert!(sent.is_empty() || known.likeness(None) == Likeness::Unclear);
    }
    #[expect(clippy::print_stdout, reason = "the figures of the documents")]
    {
        println!(
            "likeness: {tried} altered texts, {} alike, {unclear} unclear, {} taken for another",
            tried - unclear - wrong.len(),
            wrong.len()
        );
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the same people post by hand: the same words, the same hashtags, the same beginnings.
const BY_HAND: [&str; 44] = [
    "오늘의 메뉴: 김치찌개",
    "오늘의 메뉴: 된장찌개",
    "오늘의 메뉴는 비빔밥입니다. 11시 30분부터! #카페 #점심 #홍대",
    "오늘의 메뉴는 냉면입니다. 11시 30분부터! #카페 #점심 #홍대",
    "12월 3일 오늘의 원두는 케냐입니다",
    "12월 4일 오늘의 원두는 과테말라입니다",
    "12월 5일 오늘의 원두는 브라질입니다",
    "겨울 신메뉴가 나왔어요! #카페 #라떼 #신메뉴",
    "여름 신메뉴를 준비하고 있어요! #카페 #라떼 #신메뉴",
    "딸기 라떼 할인합니다 #카페 #라떼 #신메뉴",
    "밤 라떼 할인합니다 #카페 #라떼 #신메뉴",
    "이번 주말은 쉽니다. 다음 주에 만나요",
    "이번 주말도 엽니다. 놀러 오세요",
    "영업 종료합니다. 내일 만나요",
    "내일은 휴무예요",
    "화요일은 정기 휴무라서 문을 닫아요",
    "비 오는 날엔 따뜻한 라떼 한 잔 어때요?",
    "눈 오는 날엔 따뜻한 코코아 한 잔 어때요?",
    "새로운 케이크가 들어왔습니다. 초코 케이크 6,500원",
    "새로운 케이크가 들어왔습니다. 치즈 케이크 6,000원",
    "새로운 케이크가 들어왔습니다. 당근 케이크 6,300원",
    "안녕하세요 카페 온입니다. 오늘은 단체 예약으로 오후 3시에 마감합니다. 양해 부탁드립니다.",
    "안녕하세요 카페 온입니다. 오늘은 내부 공사로 하루 쉽니다. 양해 부탁드립니다.",
    "안녕하세요 카페 온입니다. 크리스마스에는 10시부터 22시까지 영업합니다. 따뜻한 연말 보내세요.",
    "Good evening!",
    "Good night everyone, see you tomorrow",
    "We're closed today. See you tomorrow! #cafe #seoul",
    "We're open today until 8 pm. See you soon! #cafe #seoul",
    "New in: strawberry latte, 5.500 won #cafe #seoul #latte",
    "New in: chestnut latte, 5.800 won #cafe #seoul #latte",
    "New in: pumpkin soup, 7.000 won #cafe #seoul #soup",
    "Today's roast: Kenya \"AA\" <washed> - 5.000 won per cup; refills are 1.000 won. See you soon!",
    "Today's roast: Brazil \"Santos\" <natural> - 4.000 won per cup; refills are 1.000 won. See you soon!",
    "오늘의 원두는 케냐 AA입니다.  산미가 \"강해요\" - 한 잔 5,000원, 리필 1,000원.",
    "12월 31일(목)과 1월 1일(금)은 18시까지 영업합니다.\n\n예약은 02-123-4567, 단체석은 하루 전까지 말씀해 주세요 :)\n새해 복 많이 받으세요 🎍",
    "신메뉴 보기: https://cafe.example.com/menu?id=13",
    "신메뉴 보기: https://cafe.example.com/menu?id=14",
    "#카페 #라떼 #신메뉴",
    "👍👍👍",
    "ㅎㅎ",
    "좋은 아침이에요",
    "축하드려요",
    "반가워요 여러분",
    "점심시간에는 조금 붐빕니다. 미리 전화 주세요",
];

#[test]
fn the_other_texts_of_the_same_people_are_never_taken_for_an_altered_one() {
    let all: Vec<&str> = SENT.iter().chain(&BY_HAND).copied().collect();
    let (mut tried, mut wrong) = (0, Vec::new());
    for (number, sent) in all.iter().enumerate() {
        let known = Sent::new(sent);
        // Of a text that is nothing but hashtags nobody can say which others are that one with words before it.
        if form::words(sent).is_empty() && sent.starts_with('#') {
            continue;
        }
        for (_, listed) in all.iter().enumerate().filter(|(other, _)| *other != number) {
            tried += 1;
            let likeness = known.likeness(Some(listed));
            if likeness != Likeness::Other {
                wrong.push(format!("{likeness:?}: {sent:?} / {listed:?}"));
            }
        }
    }
    #[expect(clippy::print_stdout, reason = "the figures of the documents")]
    {
        println!("likeness: {tried} pairs of other texts, {} not told apart", wrong.len());
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_says_too_little_is_neither_another_text_nor_the_same() {
    for (sent, listed) in [
        ("오늘의 메뉴: 김치찌개 백반, 12시부터 2시까지", "오늘의 메뉴"),
        ("안녕하세요", "안녕하세요 카페 온입니다"),
        ("🎉🎉", "??"),
        ("🎉🎉", ""),
        ("글", ""),
        ("글", "*"),
        ("글", "오늘의 글"),
    ] {
        assert_eq!(Sent::new(sent).likeness(Some(listed)), Likeness::Unclear, "{sent:?} / {listed:?}");
    }
}

#[test]
fn a_text_where_none_was_sent_is_another() {
    assert_eq!(Sent::new("").likeness(Some("무엇")), Likeness::Other);
    assert_eq!(Sent::new("").likeness(Some(" ")), Likeness::Same);
    assert_eq!(Sent::new("").likeness(None), Likeness::Same);
}

#[test]
fn the_largest_texts_are_compared_within_bounds() {
    let long = "가나다라마바사".repeat(400);
    let known = Sent::new(&long);
    let garbage: String =
        (0..200_000_u32).map(|n| char::from_u32(0xAC00 + n.wrapping_mul(7919) % 11_000).unwrap()).collect();
    for listed in
        [garbage.as_str(), &"&amp;".repeat(100_000), &"<".repeat(100_000), &"%41".repeat(100_000), &"[".repeat(100_000)]
    {
        assert!(known.likeness(Some(listed)) <= Likeness::Unclear);
    }
}
