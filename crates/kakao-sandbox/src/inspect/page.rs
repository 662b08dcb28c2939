//! The page at `/`: the accounts' stories as a follower would see them.
//!
//! Owns the HTML and its escaping. Shows what is public or for friends; of what is private it tells only how many there are.

use crate::server::host::Host;
use crate::state::event::Story;

const TEMPLATE: &str = include_str!("page.html");
/// Stories shown per account.
const SHOWN_MAX: usize = 50;

/// Renders the page as of now.
pub(crate) fn page(host: &Host) -> String {
    let accounts: String =
        host.memory.accounts.iter().map(|account| section(host, &account.name, &account.profile)).collect();
    TEMPLATE.replace("{{accounts}}", &accounts)
}

fn section(host: &Host, name: &str, profile: &str) -> String {
    let now = host.now();
    let stories: Vec<&Story> = host.memory.newest_first(name).into_iter().filter(|story| story.exists(now)).collect();
    let (private, open): (Vec<&Story>, Vec<&Story>) =
        stories.into_iter().partition(|story| story.entry.permission == "ONLY_ME");
    let mut html = format!("<section>\n<h2>{} <small>story.kakao.com/{}</small></h2>\n", escape(name), escape(profile));
    if open.is_empty() {
        html.push_str("<p class=\"empty\">아직 올라온 스토리가 없습니다.</p>\n");
    }
    for story in open.iter().take(SHOWN_MAX) {
        html.push_str(&article(story));
    }
    if open.len() > SHOWN_MAX {
        html.push_str(&format!("<p class=\"empty\">이전 스토리 {}개는 보이지 않습니다.</p>\n", open.len() - SHOWN_MAX));
    }
    if !private.is_empty() {
        html.push_str(&format!(
            "<p class=\"empty\">나만 보기 스토리 {}개는 팔로어에게 보이지 않습니다.</p>\n",
            private.len()
        ));
    }
    html.push_str("</section>\n");
    html
}

fn article(story: &Story) -> String {
    let entry = &story.entry;
    let audience = if entry.permission == "FRIEND" { "친구 공개" } else { "전체 공개" };
    // Korea has no daylight saving time, so a fixed offset is its time.
    let seoul = story.shown_created_at.to_zoned(jiff::tz::Offset::constant(9).to_time_zone());
    let mut html = format!(
        "<article>\n<header><time datetime=\"{}\">{}</time> · {audience}</header>\n",
        story.shown_created_at,
        seoul.strftime("%Y년 %-m월 %-d일 %H:%M")
    );
    if let Some(text) = story.shown() {
        html.push_str(&format!("<p class=\"text\">{}</p>\n", escape(text)));
    }
    if !entry.images.is_empty() {
        let thumbnails = entry.images.iter().map(|image| {
            format!(
                "<img src=\"/dn{}\" alt=\"{}×{}\" loading=\"lazy\">",
                escape(&image.path),
                image.width,
                image.height
            )
        });
        html.push_str(&format!("<div class=\"images\">{}</div>\n", thumbnails.collect::<String>()));
    }
    if let Some(info) = &entry.link_info {
        let field = |key: &str| escape(info.get(key).and_then(|value| value.as_str()).unwrap_or_default());
        html.push_str(&format!(
            "<blockquote><b>{}</b><br>{}<br><small>{}</small></blockquote>\n",
            field("title"),
            field("description"),
            field("url")
        ));
    }
    html.push_str(&format!("<footer><code>{}</code></footer>\n</article>\n", escape(&entry.id)));
    html
}

/// Makes a text safe inside an element and inside a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_could_end_an_element_or_attribute_is_escaped() {
        assert_eq!(escape("<a href=\"x\">'&'"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;");
    }
}
