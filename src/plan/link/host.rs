//! Hosts that readers cannot reach: their own machine, another network, names that no public server knows.

use core::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Top-level names that are kept out of the public tree, or that networks use for themselves.
const NOT_PUBLIC: [&str; 19] = [
    "local",
    "localhost",
    "localdomain",
    "lan",
    "internal",
    "intranet",
    "private",
    "home",
    "corp",
    "host",
    "test",
    "example",
    "invalid",
    "onion",
    "i2p",
    "alt",
    "arpa",
    "domain",
    "workgroup",
];
/// Names of the public tree that are given out for one's own machine.
const LEADS_HOME: [&str; 5] = ["localtest.me", "lvh.me", "vcap.me", "lacolhost.com", "yoogle.com"];
/// Names of the public tree that hold the number of the machine they lead to.
const HOLDS_A_NUMBER: [&str; 3] = ["nip.io", "sslip.io", "xip.io"];
/// `host` is sold to anybody: only the bare word is no name.
const SOLD: [&str; 1] = ["host"];

/// Why readers cannot reach the host of an address.
pub(super) fn private(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Ipv4(number) => number_v4(number).map(|why| format!("`{}` {why}", shown(url, &number.to_string()))),
        Host::Ipv6(number) => number_v6(number).map(|why| format!("`[{number}]` {why}")),
        Host::Domain(name) => name_of(name),
    }
}

/// The number with what was written, where that looks otherwise.
fn shown(url: &Url, number: &str) -> String {
    url.host_str().unwrap_or(number).to_owned()
}

fn name_of(name: &str) -> Option<String> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    let own = "is the reader's own machine";
    if last == "localhost" || name == "localhost.localdomain" || name == "ip6-localhost" || name == "ip6-loopback" {
        return Some(format!("`{name}` {own}"));
    }
    if LEADS_HOME.iter().any(|home| name == *home || name.ends_with(&format!(".{home}"))) {
        return Some(format!("`{name}` leads to the reader's own machine"));
    }
    if let Some(number) = HOLDS_A_NUMBER.iter().find_map(|suffix| number_in(name.strip_suffix(&format!(".{suffix}"))?))
        && let Some(why) = number_v4(number)
    {
        return Some(format!("`{name}` leads to {number}, which {why}"));
    }
    if labels.len() == 1 {
        return Some(format!("`{name}` is the name of a machine in one network: a public one has a dot in it"));
    }
    if labels.iter().any(|label| label.is_empty() || label.len() > 63 || label.starts_with('-') || label.ends_with('-'))
        || name.len() > 253
    {
        return Some(format!("`{name}` cannot be the name of a host"));
    }
    if NOT_PUBLIC.contains(&last) && !SOLD.contains(&last) {
        return Some(format!("no public name server knows a name that ends in `.{last}`"));
    }
    if last.len() < 2 || last.bytes().all(|b| b.is_ascii_digit()) {
        return Some(format!("no public name ends in `.{last}`"));
    }
    None
}

/// `10-0-0-1` and `10.0.0.1` at the end of a name.
fn number_in(name: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = name.split(['.', '-']).collect();
    let last = parts.get(parts.len().checked_sub(4)?..)?;
    last.join(".").parse().ok()
}

fn number_v4(number: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = number.octets();
    Some(match (a, b, c) {
        (127, ..) => "is the reader's own machine",
        (0, ..) => "is no machine that can be reached",
        (10, ..) | (192, 168, _) => "is known inside one network only",
        (172, 16..=31, _) => "is known inside one network only",
        (169, 254, _) => "is known on one cable only",
        (100, 64..=127, _) => "is known inside one provider's network only",
        (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) => "is kept for examples",
        (198, 18..=19, _) => "is kept for measurements",
        (224..=239, ..) => "is a group of machines, and no web page",
        (240..=255, ..) => "is no machine that can be reached",
        _ => return None,
    })
}

fn number_v6(number: Ipv6Addr) -> Option<&'static str> {
    let parts = number.segments();
    // IPv4 in the forms that IPv6 has for it: mapped, compatible, translated, 6to4.
    let low = || {
        let [.., high, low] =
            number.octets().map(u32::from).chunks(2).map(|pair| (pair[0] << 8) | pair[1]).collect::<Vec<_>>()[..]
        else {
            return Ipv4Addr::UNSPECIFIED;
        };
        Ipv4Addr::from((high << 16) | low)
    };
    match parts {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("is the reader's own machine"),
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("is no machine that can be reached"),
        [0, 0, 0, 0, 0, 0xffff | 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => number_v4(low()),
        [0x2002, high, low, ..] => number_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))),
        [0xfc00..=0xfdff, ..] => Some("is known inside one network only"),
        [0xfe80..=0xfebf, ..] | [0xfec0..=0xfeff, ..] => Some("is known on one cable only"),
        [0xff00..=0xffff, ..] => Some("is a group of machines, and no web page"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("is kept for examples"),
        [0x100, 0, 0, 0, ..] => Some("is no machine that can be reached"),
        _ => None,
    }
}
