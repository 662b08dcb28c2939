//! Addresses that readers can open, and the many that they cannot.

use super::*;

#[test]
fn links_are_whole_addresses() {
    for url in [
        "https://example.com",
        "http://example.com:8080/메뉴?a=1#b",
        "HTTPS://EXAMPLE.com/",
        "https://카페.kr/",
        "https://[::1]/",
        "http://localhost:8421/login",
        "http://127.0.0.1:8480",
    ] {
        assert_eq!(check_url(url), Ok(()), "{url}");
    }
    for url in [
        "",
        "example.com/menu",
        "ftp://example.com/",
        "https://",
        "https:example.com",
        "https://a b/",
        "javascript:alert(1)",
        "https://me:pw@example.com/",
    ] {
        assert!(check_url(url).is_err(), "{url}");
    }
}

#[test]
fn no_character_that_nobody_sees_is_part_of_an_address() {
    for odd in [
        '\u{ad}', '\u{34f}', '\u{115f}', '\u{200b}', '\u{200e}', '\u{2060}', '\u{2063}', '\u{3164}', '\u{feff}',
        '\u{ffa0}',
    ] {
        let encoded: String = odd.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
        for part in [odd.to_string(), encoded.clone(), encoded.to_lowercase()] {
            for url in [format!("https://example.com/menu{part}"), format!("https://example.com/{part}menu?a={part}")] {
                let why = check_url(&url).unwrap_err();
                assert!(why.contains("nobody sees"), "{url:?}: {why}");
            }
        }
    }
    // The parts of emoji and of Hangul, behind percent signs.
    for url in [
        "https://example.com/%E2%9D%A4%EF%B8%8F",
        "https://example.com/%F0%9F%91%A8%E2%80%8D%F0%9F%91%A9",
        "https://example.com/%EB%A9%94%EB%89%B4",
        "https://example.com/%E1%84%86%E1%85%A6",
        "https://example.com/100%",
        "https://example.com/%ff%fe",
    ] {
        assert_eq!(check_url(url), Ok(()), "{url}");
    }
}

#[test]
fn what_everybody_can_open_is_a_link() {
    for url in [
        "https://example.com/menu?a=1&b=2#top",
        "https://example.co.kr/",
        "https://www.example.org:8443/x",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://카페.한국/메뉴",
        "https://xn--9d0bs3s.xn--3e0b707e/",
        "https://web.archive.org/web/2020/https://example.com/",
        "https://example.com/share?url=https://example.org/a,b",
        "https://example.com/share?url=https://example.com/menu",
        "https://example.com/a,b;c",
        "https://my_shop.example.com/",
        "https://proxy.example.com/https://example.com/menu",
        "https://en.wikipedia.org/wiki/Foo_(bar)",
        "https://example.com/a;b=1?c='d",
        "https://example.com/?x=a\\b",
        "https://example.com/AT&T;menu",
        "https://http.cat/404",
        "https://https.example.com/",
        "https://localhost.run/",
        "https://test.example.com/",
        "https://local.example.kr/",
        "https://shop.host/",
        "https://172.15.0.1/",
        "https://172.32.0.1/",
        "https://192.169.0.1/",
        "https://100.63.0.1/",
        "https://8-8-8-8.nip.io/",
        "https://example.com./menu",
        "https://naver.me/xAbC12",
        "http://pf.kakao.com/_abc",
        "https://example.com/%EB%A9%94%EB%89%B4",
    ] {
        assert_eq!(check(url), Ok(()), "{url}");
    }
}

#[test]
// tidy: long-function because it is one table
fn what_was_meant_is_offered() {
    let menu = "https://example.com/menu";
    let wrong: Vec<String> = [
        ("https://https://example.com/menu", menu),
        ("https://www.https://example.com/menu", menu),
        ("https://m.https://example.com/menu", menu),
        ("https://\"example.com\"/menu", menu),
        ("https://example.com/\"menu\"", menu),
        ("https://example.com/“menu”", menu),
        ("https://example.com/‘menu’", menu),
        ("https://example.com/「menu」", menu),
        ("http://https://example.com/menu", menu),
        ("https://http://example.com/menu", "http://example.com/menu"),
        ("https://https//example.com/menu", menu),
        ("https://https:example.com/menu", menu),
        ("https://https:/example.com/menu", menu),
        ("HTTPS://HTTPS://example.com/menu", menu),
        ("https:https://example.com/menu", menu),
        ("https:////example.com/menu", menu),
        ("https:///example.com/menu", menu),
        ("https:/example.com/menu", menu),
        ("https//example.com/menu", menu),
        ("https:example.com/menu", menu),
        ("https;//example.com/menu", menu),
        ("https.//example.com/menu", menu),
        ("https ://example.com/menu", menu),
        ("https:\\\\example.com\\menu", menu),
        ("https//:example.com/menu", menu),
        ("https:://example.com/menu", menu),
        ("htps://example.com/menu", menu),
        ("htttps://example.com/menu", menu),
        ("ttps://example.com/menu", menu),
        ("hhttps://example.com/menu", menu),
        ("httpss://example.com/menu", menu),
        ("http:/example.com/menu", "http://example.com/menu"),
        ("htp://example.com/menu", "http://example.com/menu"),
        ("://example.com/menu", menu),
        ("//example.com/menu", menu),
        ("example.com/menu", menu),
        ("www.example.com", "https://www.example.com"),
        ("\"https://example.com/menu\"", menu),
        ("<https://example.com/menu>", menu),
        ("(https://example.com/menu)", menu),
        ("https://example.com/menu\"", menu),
        ("https://example.com/menu)", menu),
        ("https://example.com/menu>", menu),
        ("https://example.com/menu”", menu),
        ("https://example.com/menu,", menu),
        ("https://example.com/menu」", menu),
        (" https://example.com/menu", menu),
        ("https://example.com/menu https://example.com/b", menu),
        ("https://example.com/menu, https://example.com/b", menu),
        ("https://example.comhttps://example.com/menu", menu),
        ("https://example.com/https://example.com/menu", menu),
        ("https://example.com/menu/https://example.com/menu", menu),
        ("https://example.comhttps://example.org/menu", "https://example.com"),
        ("https://www.example,com", "https://www.example.com"),
        ("https://example,com/menu", menu),
        ("https://example.com,/menu", menu),
        ("https://example.,com/menu", menu),
        ("https://example;com/menu", menu),
        ("https://example，com/menu", menu),
        ("https://example, com/menu", menu),
        ("www.example,com", "https://www.example.com"),
        ("https://example.com/our menu", "https://example.com/our%20menu"),
        ("https://example.com\\menu", menu),
        ("https://example.com/?a=1&amp;b=2", "https://example.com/?a=1&b=2"),
        ("https://example.com/?a=1&#38;b=2", "https://example.com/?a=1&b=2"),
    ]
    .into_iter()
    .filter_map(|(text, instead)| match check(text) {
        Err(error) if error.code == Code::BadUrl && error.instead.as_deref() == Some(instead) => None,
        other => Some(format!("{text}: {other:?}")),
    })
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_no_page_of_the_web_is_refused() {
    for text in [
        "file:///srv/menu.html",
        "mailto:me@example.com",
        "javascript:alert(1)",
        "tel:02-123-4567",
        "data:text/html,hi",
        "ftp://example.com/",
        "https://me:pw@example.com/",
        "https://me@example.com/",
        "https://",
        "https://?q",
        "https://example!.com/",
        "https://exam'ple.com/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "메뉴판",
        "",
    ] {
        let error = check(text).expect_err(text);
        assert_eq!((error.code, error.instead), (Code::BadUrl, None), "{text}: {}", error.why);
    }
}

#[test]
fn hosts_that_readers_cannot_reach_are_named() {
    for text in [
        "http://localhost:3000/menu",
        "http://LOCALHOST/",
        "http://localhost./",
        "http://shop.localhost/",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::10.0.0.1]/",
        "http://[2002:0a00:0001::]/",
        "http://[fc00::1]/",
        "http://[fd12::1]/",
        "http://[fe80::1]/",
        "http://[2001:db8::1]/",
        "http://0.0.0.0/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://172.31.255.1/",
        "http://192.168.0.10/menu",
        "http://169.254.1.1/",
        "http://100.64.0.1/",
        "http://203.0.113.9/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://intranet/menu",
        "http://nas/",
        "http://menu.local/",
        "http://router.lan/",
        "http://wiki.internal/",
        "http://shop.test/",
        "http://shop.example/",
        "http://shop.invalid/",
        "http://abcdef.onion/",
        "http://nas.home.arpa/",
        "http://wiki.corp/",
        "http://pc.localdomain/",
        "http://app.lvh.me/",
        "http://localtest.me/",
        "http://10.0.0.1.nip.io/",
        "http://app-192-168-0-1.sslip.io/",
        "http://-shop.com/",
        "http://example.c/",
    ] {
        let error = check(text).expect_err(text);
        assert_eq!(error.code, Code::PrivateUrl, "{text}: {}", error.why);
    }
}

#[test]
fn decomposed_letters_are_told_with_the_composed_ones() {
    for (text, composed) in [
        ("https://example.com/\u{1106}\u{1166}\u{1102}\u{1172}", "https://example.com/메뉴"),
        ("https://example.com/cafe\u{301}", "https://example.com/café"),
        ("https://example.com/%E1%84%86%E1%85%A6%E1%84%82%E1%85%B2", "https://example.com/%EB%A9%94%EB%89%B4"),
        ("https://example.com/cafe%CC%81", "https://example.com/cafe%CC%81"),
        ("https://example.com/%63%61%66%65%CC%81?x=%20", "https://example.com/%63%61%66%C3%A9?x=%20"),
        ("https://example.com/a%2F%E1%84%80%E1%85%A1.jpg", "https://example.com/a%2F%EA%B0%80.jpg"),
    ] {
        let found = composed_form(text);
        assert_eq!(found.as_deref(), (composed != text).then_some(composed), "{text}");
    }
    for text in [
        "https://example.com/%",
        "https://example.com/%E1",
        "https://example.com/100%/메뉴",
        "https://example.com/%zz",
        "https://example.com/%EB%A9%94",
        "%가",
    ] {
        assert_eq!(composed_form(text), None, "{text}");
    }
}
