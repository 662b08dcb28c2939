//! Whether a scrape is of the page that was asked for: the card of another page must not be published. Pure.
//!
//! A server may write an address otherwise than it was asked: with another case, in punycode, with or without percent signs, a last slash,
//! a port that goes without saying, a fragment. All of these are one address. Another host, path or query is another page.

use url::{Url, form_urlencoded};

use super::story::LinkCard;
use crate::domain::content::{Artifact, composed};

/// What is wrong with a scrape of the page at `url`: it says of itself that another page was asked for. One that says nothing of that is
/// believed.
pub(crate) fn other_page(url: &str, artifact: &Artifact) -> Option<String> {
    let requested = LinkCard::read(artifact).requested_url?;
    (!is_same(url, &requested))
        .then(|| format!("its `requested_url` is {requested}, which is another page than the one that was asked for"))
}

/// Whether the two are addresses of one page.
fn is_same(one: &str, other: &str) -> bool {
    one.trim() == other.trim() || matches!((parts(one), parts(other)), (Some(one), Some(other)) if one == other)
}

/// An address in one way of writing it.
#[derive(PartialEq, Eq)]
struct Parts {
    host: String,
    port: Option<u16>,
    path: String,
    query: Vec<(String, String)>,
}

fn parts(text: &str) -> Option<Parts> {
    // As it stands in a page.
    let text = text.trim().replace("&amp;", "&");
    let url = Url::parse(&text).or_else(|_| Url::parse(&format!("https://{}", text.trim_start_matches("//")))).ok()?;
    let host = url.host_str()?.trim_end_matches('.');
    let host = host.strip_prefix("www.").unwrap_or(host).to_owned();
    // A port that goes without saying, whichever of the two schemes is said.
    let port = url.port().filter(|port| !matches!(port, 80 | 443));
    let signs = [('+', "%2B"), ('&', "%26"), ('=', "%3D")];
    let path = signs.iter().fold(url.path().to_owned(), |path, (sign, escaped)| path.replace(*sign, escaped));
    let path = form_urlencoded::parse(path.as_bytes()).next().map(|(path, _)| composed(&path)).unwrap_or_default();
    let pairs = form_urlencoded::parse(url.query().unwrap_or_default().as_bytes());
    let mut query: Vec<(String, String)> = pairs.map(|(key, value)| (composed(&key), composed(&value))).collect();
    query.sort_unstable();
    Some(Parts { host, port, path: path.trim_end_matches('/').to_owned(), query })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_writes_otherwise_is_the_same_page() {
        let asked = "https://example.com/메뉴/a b?q=딸기 라떼&n=1";
        for same in [
            asked,
            "https://example.com/%EB%A9%94%EB%89%B4/a%20b?q=%EB%94%B8%EA%B8%B0%20%EB%9D%BC%EB%96%BC&n=1",
            "https://example.com/%eb%a9%94%eb%89%b4/a%20b/?q=%EB%94%B8%EA%B8%B0+%EB%9D%BC%EB%96%BC&amp;n=1",
            "HTTP://EXAMPLE.COM:80/메뉴/a b?n=1&q=딸기 라떼#top",
            "//www.example.com./메뉴/a b?q=딸기 라떼&n=1",
            " example.com/메뉴/a b?q=딸기 라떼&n=1 ",
        ] {
            assert!(is_same(asked, same) && is_same(same, asked), "{same}");
        }
        for (asked, same) in [
            ("https://한글.kr", "http://xn--bj0bj06e.kr/"),
            ("https://example.com/?a=", "https://example.com?a"),
            ("https://example.com:443/", "http://example.com"),
            ("https://example.com/a+b&c=d", "https://example.com/a%2Bb%26c%3Dd"),
            ("https://example.com/a/../b", "https://example.com/b"),
            ("https://example.com/\u{1100}\u{1161}", "https://example.com/가"),
            ("no address", "no address"),
        ] {
            assert!(is_same(asked, same), "{asked} {same}");
        }
    }

    #[test]
    fn another_host_path_or_query_is_another_page() {
        let asked = "https://example.com/menu?a=1&b=2";
        for other in [
            "https://example.org/menu?a=1&b=2",
            "https://shop.example.com/menu?a=1&b=2",
            "https://example.com:8443/menu?a=1&b=2",
            "https://example.com/Menu?a=1&b=2",
            "https://example.com/menu2?a=1&b=2",
            "https://example.com/?a=1&b=2",
            "https://example.com/menu?a=1",
            "https://example.com/menu?a=1&b=3",
            "https://example.com/menu?a=1%26b=2",
            "x",
            "about:blank",
        ] {
            assert!(!is_same(asked, other) && !is_same(other, asked), "{other}");
        }
    }

    #[test]
    fn a_scrape_that_does_not_say_what_it_was_asked_for_is_believed() {
        let told = |json: &str| other_page("https://example.com/", &Artifact(json.to_owned()));
        for json in
            ["{}", r#"{"requested_url":""}"#, r#"{"requested_url":null}"#, r#"{"requested_url":"http://example.com"}"#]
        {
            assert_eq!(told(json), None, "{json}");
        }
        let why =
            told(r#"{"requested_url":"https://example.org/","url":"https://example.com/"}"#).expect("another page");
        assert!(why.contains("https://example.org/") && why.contains("another page"), "{why}");
    }
}
