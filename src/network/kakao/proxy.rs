//! The proxy that the environment puts between this machine and Kakao: named where no connection comes about, since it is then the
//! first to look at. How it is used is the HTTP client's business.

use reqwest::Url;

/// Host and port of the proxy on the way to `url`, without what the variable holds of a password.
pub(crate) fn on_the_way_to(url: &str, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    // The same name in either case, the small one first.
    let value = |name: &str| {
        let found = variable(name).or_else(|| variable(&name.to_ascii_uppercase()));
        found.filter(|value| !value.trim().is_empty())
    };
    let passed_by = value("no_proxy").unwrap_or_default();
    if passed_by.split(',').map(str::trim).any(|entry| covers(entry, host)) {
        return None;
    }
    let own = if url.scheme() == "https" { "https_proxy" } else { "http_proxy" };
    let proxy = value(own).or_else(|| value("all_proxy"))?;
    let proxy = if proxy.contains("://") { proxy } else { format!("http://{proxy}") };
    let proxy = Url::parse(&proxy).ok()?;
    let port = proxy.port_or_known_default().map_or_else(String::new, |port| format!(":{port}"));
    Some(format!("{}{port}", proxy.host_str()?))
}

/// Whether an entry of `no_proxy` is about a host: the host, a domain above it, or all.
fn covers(entry: &str, host: &str) -> bool {
    let domain = entry.trim_start_matches('.');
    let below = || host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    entry == "*" || (!domain.is_empty() && below())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_named_without_its_password_and_only_where_it_is_used() {
        let https = "https://kapi.kakao.com";
        let all = |pairs: &[(&str, &str)], url: &str| {
            on_the_way_to(url, |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        let proxy = ("https_proxy", "http://proxy.internal:3128");
        for (pairs, url, named) in [
            (&[][..], https, None),
            (&[proxy], https, Some("proxy.internal:3128")),
            (&[("HTTPS_PROXY", "http://anna:s3cret@proxy.internal:3128/")], https, Some("proxy.internal:3128")),
            (&[("all_proxy", "socks5://10.0.0.1:1080")], https, Some("10.0.0.1:1080")),
            (&[("https_proxy", "proxy.internal:3128")], https, Some("proxy.internal:3128")),
            (&[("https_proxy", "http://proxy.internal")], https, Some("proxy.internal:80")),
            (&[("http_proxy", "http://proxy.internal:3128")], https, None),
            (&[("HTTP_PROXY", "http://proxy.internal:3128")], "http://kakao.internal", Some("proxy.internal:3128")),
            (&[("https_proxy", ""), ("ALL_PROXY", "http://b:1")], https, Some("b:1")),
            (&[proxy, ("no_proxy", "localhost, .kakao.com")], https, None),
            (&[proxy, ("NO_PROXY", "kapi.kakao.com")], https, None),
            (&[proxy, ("no_proxy", "*")], https, None),
            (&[proxy, ("no_proxy", "akao.com,example.com")], https, Some("proxy.internal:3128")),
        ] {
            assert_eq!(all(pairs, url).as_deref(), named, "{pairs:?} {url}");
        }
    }
}
