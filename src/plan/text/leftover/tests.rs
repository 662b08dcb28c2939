//! Texts with something left in them, and texts that only look so.

use super::*;

fn told(text: &str) -> Vec<String> {
    leftovers(text).into_iter().map(|one| text[one.range].to_owned()).collect()
}

#[test]
// tidy: long-function because it is one table, with a line for each slip
fn what_other_programs_leave_is_found_where_it_stands() {
    let wrong: Vec<String> = [
        ("12월 영업 안내\\n월-금 9시", "\\n"),
        ("안녕\\t하세요", "\\t"),
        ("안녕\\r\\n하세요", "\\r"),
        ("hello\\nworld", "\\n"),
        ("안녕₩n하세요", "₩n"),
        ("안녕/n하세요", "/n"),
        ("그는 \\\"안녕\\\"이라고", "\\\""),
        ("caf\\u00e9", "\\u00e9"),
        ("첫 줄_x000D_둘째", "_x000D_"),
        ("첫 줄%0A둘째", "%0A"),
        ("&quot;겨울&quot; 신메뉴", "&quot;"),
        ("A &amp; B", "&amp;"),
        ("커피&nbsp;숍", "&nbsp;"),
        ("커피&nbsp숍", "&nbsp"),
        ("it&#39;s", "&#39;"),
        ("it&#x27;s", "&#x27;"),
        ("10&#8451;", "&#8451;"),
        ("안녕하세요<br>반갑습니다", "<br>"),
        ("안녕하세요<br/>", "<br/>"),
        ("안녕<BR />하세요", "<BR />"),
        ("<p>안녕</p>", "<p>"),
        ("<b>굵게</b>", "<b>"),
        ("<a href=\"https://example.com\">여기</a>", "<a href=\"https://example.com\">"),
        ("<!-- 메모 --> 안녕", "<!--"),
        ("[b]굵게[/b]", "[/b]"),
        ("가격 #REF!", "#REF!"),
        ("#N/A", "#N/A"),
        ("오늘 #NAME? 원", "#NAME?"),
        ("#DIV/0!", "#DIV/0!"),
        ("=SUM(A1:A3)", "=SUM("),
        ("=A1&B1", "=A1"),
        ("=VLOOKUP(B2, Sheet1!A:C, 2)", "=VLOOKUP("),
        ("\"오늘의 \"\"추천\"\" 메뉴\"", "\"\""),
        ("'010-1234-5678", "'"),
        ("'=세일", "'"),
        ("라떼\t4,500원", "\t"),
        ("카드 1.23457E+11", "1.23457E+11"),
        ("**오늘만** 할인", "**오늘만**"),
        ("오늘은 **20% 할인**입니다", "**20% 할인**"),
        ("__꼭 읽어 주세요__", "__꼭 읽어 주세요__"),
        ("[메뉴](https://example.com/menu)", "[메뉴]("),
        ("```\n안녕\n```", "```"),
        ("메뉴 | 값\n|---|---|\n라떼 | 4,500", "|---|---|"),
        ("|\n안녕", "|"),
        ("｜ 안녕 하세요", "｜"),
        ("안녕\ntype: note", "type: note"),
        ("안녕\n  tags: [menu]", "tags: [menu]"),
        ("안녕\nat: 2026-12-01 09:00", "at: 2026-12-01 09:00"),
        ("ì•ˆë…•", "ì•ˆë…•"),
        ("caffÃ¨ latte", "Ã¨"),
        ("占쏙옙 세일", "占쏙옙"),
        ("undefined", "undefined"),
        ("[object Object]님 안녕하세요", "[object Object]"),
        ("nan", "nan"),
        ("가격 NaN원", "NaN"),
        ("가격: nan원부터", "nan"),
        ("₩undefined", "undefined"),
        ("할인 NaN% 까지", "NaN"),
        ("안녕하세요 undefined님!", "undefined"),
        ("null 고객님, 감사합니다", "null"),
        ("None님의 예약", "None"),
        ("가격: undefined\n장소: 성수점", "undefined"),
        ("시간: NULL", "NULL"),
        ("Dear null,", "null"),
        ("Hello undefined!", "undefined"),
        ("Invalid Date에 만나요", "Invalid Date"),
        ("오픈 NaN:NaN", "NaN:NaN"),
        ("#ERROR!", "#ERROR!"),
        ("가격 #GETTING_DATA", "#GETTING_DATA"),
        ("~~4,500원~~ 3,900원", "~~4,500원~~"),
        ("오늘은 ~~라떼~~ 모카", "~~라떼~~"),
        ("![그림](images/a.jpg)", "[그림]("),
    ]
    .into_iter()
    .filter(|(text, part)| told(text).first().map(String::as_str) != Some(part))
    .map(|(text, part)| format!("{text:?}: {part:?}, not {:?}", told(text)))
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_people_write_is_left_alone() {
    let wrong: Vec<String> = [
        "¯\\_(ツ)_/¯ \\(^o^)/ \\o/",
        "C:\\new\\text.txt 파일",
        "\\\\server\\new",
        "1/n로 나눠요, 1/N",
        "남/녀 and/or n/a",
        "₩4,500 ₩n개",
        "A&B, R&D, AT&T; Tom & Jerry",
        "https://example.com/?a=1&copy=2&lt=3",
        "I <3 you <신메뉴> <Latte> <Small> 3,000",
        "<A> 세트 <B> 세트 3 < 5 > 2",
        "<공지> 내일 쉽니다 >_< ->",
        "#1 #카페 #N잡러 #REF #NAME",
        "1+1=2, =_= , =) 오늘 1+1",
        "=1+1 세일=",
        "'24 신메뉴와 '90s 감성",
        "'공지' 입니다",
        "\"오늘의 추천\" \"라떼\"",
        "* 라떼\n* 모카\n- 아메리카노\n1. 티",
        "** 공지 **\n*** 이벤트 ***",
        "당첨자: 김**, 이**, 박** 님",
        "**수, **희 님 축하해요",
        "010-****-5678, 010-12**-34**",
        "abc**, def** 님",
        "*별표* 하나, 2**3, __init__, (__), ^__^",
        "# 제목\n## 둘째",
        "[공지] (내일) 쉽니다",
        "[이벤트](선착순) 100명",
        "~~안녕~~ 반가워~~",
        "시간: 09:00\n장소: 성수점\n문의: 02-123-4567",
        "type: 라떼 / price: 4,500\nurl: https://example.com",
        "café naïve Zürich São Paulo Ünïcödé",
        "“인용” ‘하나’ – — … · •",
        "null 값, undefined behaviour",
        "ㅋㅋㅋ ㅠㅠ ^^ :) ;) T_T -_-;;",
        "|▶ 시작\n> 인용\n| 표 아님",
        "  들여쓴\t",
        "- [ ] 할 일\n- [x] 한 일",
        "1.5E+3 x 2E+100x",
        "null은 값이 없다는 뜻, undefined를 배워요",
        "null 원인 분석, None 타입",
        "Allergens: None, 메뉴: nan",
        "nan 과 카레, nan님",
        "value.null 값, is_null명",
        "Hi Nan! Hello none.",
        "~~이벤트~~ 많이 오세요~~",
        "안녕하세요~~ 10시에 만나요~~",
        "24일~~26일~~",
        "#ERROR #UNKNOWN #BLOCKED",
        "Error 404, 오류: 없음",
        "[공지](필독)!",
    ]
    .into_iter()
    .filter(|text| !told(text).is_empty())
    .map(|text| format!("{text:?}: {:?}", told(text)))
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
