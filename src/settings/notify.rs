//! `notify` in `storyd.yaml`: who is told of troubles, and how.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::reference::secret;
use super::secret::Secret;
use super::values::{duration, filled, inner, whole_number};
use crate::domain::name::is_account_name;
use crate::yaml::document::{Node, ValueKind};
use crate::yaml::mapping::{self, Fields, Placed, Report, Shape};
use crate::yaml::problem::Code;

pub(super) const NOTIFY: Shape = Shape {
    what: "`notify`",
    keys: &["published", "digest", "zone", "heartbeat", "sinks"],
    free_x: false,
    synonyms: &[("timezone", "zone"), ("sink", "sinks"), ("daily", "digest")],
};
pub(super) const HEARTBEAT: Shape =
    Shape { what: "`heartbeat`", keys: &["url", "every"], free_x: false, synonyms: &[("interval", "every")] };
pub(super) const SLACK: Shape =
    Shape { what: "a `slack` sink", keys: &["type", "url"], free_x: false, synonyms: &[("webhook", "url")] };
pub(super) const JANDI: Shape =
    Shape { what: "a `jandi` sink", keys: &["type", "url"], free_x: false, synonyms: &[("webhook", "url")] };
pub(super) const DISCORD: Shape =
    Shape { what: "a `discord` sink", keys: &["type", "url"], free_x: false, synonyms: &[("webhook", "url")] };
pub(super) const WEBHOOK: Shape =
    Shape { what: "a `webhook` sink", keys: &["type", "url", "secret"], free_x: false, synonyms: &[("key", "secret")] };
pub(super) const EMAIL: Shape = Shape {
    what: "an `email` sink",
    keys: &["type", "server", "port", "tls", "user", "password", "from", "to"],
    free_x: false,
    synonyms: &[("host", "server"), ("username", "user"), ("sender", "from"), ("recipients", "to")],
};
pub(super) const COMMAND: Shape = Shape {
    what: "a `command` sink",
    keys: &["type", "run", "timeout"],
    free_x: false,
    synonyms: &[("command", "run"), ("cmd", "run")],
};

const TYPES: &str = "slack, jandi, discord, webhook, email or command";
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
/// Most sinks, and most receivers of a mail.
const SINKS_MAX: usize = 16;
const WORDS_MAX: usize = 64;

/// Who is told of troubles, and how.
#[derive(Clone, Debug)]
pub struct Notify {
    /// Whether each published story is told too.
    pub published: bool,
    /// When the day is told in short; `None`: never.
    pub digest: Option<Time>,
    /// The IANA name of the zone of `digest`, and of the times in notices; absent: that of the settings.
    pub zone: Option<String>,
    /// Who is told at regular intervals that storyd lives.
    pub heartbeat: Option<HeartbeatSettings>,
    /// By name.
    pub sinks: BTreeMap<String, SinkSettings>,
}

/// A dead-man's switch.
#[derive(Clone, Debug)]
pub struct HeartbeatSettings {
    /// The address that is fetched.
    pub url: Secret,
    /// How often.
    pub every: Duration,
}

/// A way to people.
#[derive(Clone, Debug)]
pub enum SinkSettings {
    /// A chat's webhook that takes `{"text": …}`.
    Slack {
        /// Its address.
        url: Secret,
    },
    /// An incoming webhook of JANDI, which takes `{"body": …, "connectInfo": […]}`.
    Jandi {
        /// Its address.
        url: Secret,
    },
    /// A webhook of Discord, which takes `{"content": …}`.
    Discord {
        /// Its address.
        url: Secret,
    },
    /// A webhook that takes the notice as JSON.
    Webhook {
        /// Its address.
        url: Secret,
        /// What the body is signed with.
        secret: Option<Secret>,
    },
    /// Mail.
    Mail(Box<MailSettings>),
    /// A command that gets the notice on its stdin.
    Command {
        /// The program and its arguments; no shell.
        run: Vec<String>,
        /// How long it may take.
        timeout: Duration,
    },
}

/// A mail server, and who writes to whom.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The server's name.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub tls: MailTls,
    /// Who logs in there.
    pub user: Option<String>,
    /// With what.
    pub password: Option<Secret>,
    /// The sender.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
}

/// How the connection to a mail server is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// From its first byte (port 465).
    Tls,
    /// After `STARTTLS`, without which nothing is sent (port 587).
    StartTls,
    /// Not at all: for a server on the same machine.
    None,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            published: false,
            digest: Some(Time::constant(9, 0, 0, 0)),
            zone: None,
            heartbeat: None,
            sinks: BTreeMap::new(),
        }
    }
}

/// What stands under `notify`.
pub(super) fn notify(root: &Fields<'_>, report: &mut Report) -> Notify {
    let mut notify = Notify::default();
    let Some(fields) = inner(root, "notify", &NOTIFY, report) else { return notify };
    if let Some(published) = fields.truth("published", report) {
        notify.published = published;
    }
    if let Some(digest) = digest(&fields, report) {
        notify.digest = digest;
    }
    if let Some(Placed { value, span }) = fields.text("zone", report) {
        if TimeZone::get(&value).is_ok() {
            notify.zone = Some(value);
        } else {
            report
                .add(Code::UnknownZone, &span, "`zone` is no time zone that is known")
                .help("write an IANA name, as in `Asia/Seoul`");
        }
    }
    if let Some(fields) = inner(&fields, "heartbeat", &HEARTBEAT, report) {
        let every = duration(&fields, "every", (SECOND * 10, DAY), report).unwrap_or(SECOND * 300);
        need(&fields, "`heartbeat`", &[("url", "url: {file: /etc/storyd/heartbeat.url}")], report);
        notify.heartbeat = secret(&fields, "url", report).map(|url| HeartbeatSettings { url, every });
    }
    notify.sinks = sinks(&fields, report);
    notify
}

/// The outer `Option` is whether the file says anything.
fn digest(fields: &Fields<'_>, report: &mut Report) -> Option<Option<Time>> {
    let Placed { value, span } = fields.text("digest", report)?;
    if value == "off" {
        return Some(None);
    }
    let time = Time::strptime("%H:%M", &value).ok();
    if time.is_none() {
        report
            .add(Code::WrongType, &span, "`digest` is no time of the day")
            .help("write hours and minutes, as in `digest: 09:00`, or `off`");
    }
    time.map(Some)
}

fn need(fields: &Fields<'_>, what: &str, keys: &[(&'static str, &'static str)], report: &mut Report) {
    for (key, example) in keys {
        if fields.lacks(key) {
            mapping::missing(fields, what, key, example, report);
        }
    }
}

fn sinks(fields: &Fields<'_>, report: &mut Report) -> BTreeMap<String, SinkSettings> {
    let mut sinks = BTreeMap::new();
    let Some(node) = fields.get("sinks").filter(|node| !matches!(node.kind, ValueKind::Null)) else { return sinks };
    let ValueKind::Map(entries) = &node.kind else {
        report
            .add(Code::WrongType, &fields.key_span("sinks"), "`sinks` holds sinks by name, and here is something else")
            .help("write each sink's name on a line of its own with a colon behind it, as in `team: {type: slack, url: …}`");
        return sinks;
    };
    if entries.len() > SINKS_MAX {
        let message = format!("`sinks` has {} entries; at most {SINKS_MAX} are read", entries.len());
        report.add(Code::TooLarge, &fields.key_span("sinks"), message);
        return sinks;
    }
    let source = Arc::clone(&report.source);
    let mut names: BTreeMap<String, Range<usize>> = BTreeMap::new();
    for entry in entries {
        let span = &entry.key.span;
        let name = entry.key.raw(&source).unwrap_or_default().to_owned();
        if !is_account_name(&name) {
            report
                .add(Code::BadName, span, "this cannot be the name of a sink")
                .help("a sink's name is 1 to 64 of a-z, 0-9, `-` and `_`");
        } else if let Some(first) = names.get(&name) {
            mapping::duplicate_key(&name, first, span, report);
        }
        if let Some(sink) = sink(&entry.value, span, report) {
            sinks.insert(name.clone(), sink);
        }
        names.entry(name).or_insert_with(|| span.clone());
    }
    sinks
}

fn sink(node: &Node, key_span: &Range<usize>, report: &mut Report) -> Option<SinkSettings> {
    let source = Arc::clone(&report.source);
    let ValueKind::Map(entries) = &node.kind else {
        report
            .add(Code::WrongType, key_span, "a sink is made of keys and values, but here is something else")
            .help(format!("begin with its `type`: {TYPES}"));
        return None;
    };
    let entry = entries.iter().find(|entry| entry.key.raw(&source) == Some("type"));
    let kind = entry.and_then(|entry| entry.value.raw(&source)).unwrap_or_default().to_owned();
    match kind.as_str() {
        "slack" => {
            let fields = Fields::read(node, key_span, &SLACK, report)?;
            need(&fields, "the sink", &[("url", "url: {file: /etc/storyd/slack.url}")], report);
            Some(SinkSettings::Slack { url: secret(&fields, "url", report)? })
        }
        "jandi" => {
            let fields = Fields::read(node, key_span, &JANDI, report)?;
            need(&fields, "the sink", &[("url", "url: {file: /etc/storyd/jandi.url}")], report);
            Some(SinkSettings::Jandi { url: secret(&fields, "url", report)? })
        }
        "discord" => {
            let fields = Fields::read(node, key_span, &DISCORD, report)?;
            need(&fields, "the sink", &[("url", "url: {file: /etc/storyd/discord.url}")], report);
            Some(SinkSettings::Discord { url: secret(&fields, "url", report)? })
        }
        "webhook" => {
            let fields = Fields::read(node, key_span, &WEBHOOK, report)?;
            need(&fields, "the sink", &[("url", "url: https://example.com/hook")], report);
            let key = secret(&fields, "secret", report);
            Some(SinkSettings::Webhook { url: secret(&fields, "url", report)?, secret: key })
        }
        "email" => mail(&Fields::read(node, key_span, &EMAIL, report)?, report),
        "command" => {
            let fields = Fields::read(node, key_span, &COMMAND, report)?;
            need(&fields, "the sink", &[("run", "run: [/usr/local/bin/page, --loud]")], report);
            let timeout = duration(&fields, "timeout", (SECOND, SECOND * 300), report).unwrap_or(SECOND * 10);
            let run = words(&fields, "run", report)?;
            Some(SinkSettings::Command { run, timeout })
        }
        _ => {
            let span = entry.map_or(key_span, |entry| &entry.value.span);
            let message = if kind.is_empty() { "the sink has no `type`" } else { "this is no type of sink" };
            report.add(Code::WrongType, span, message).help(format!("the types are {TYPES}"));
            None
        }
    }
}

fn mail(fields: &Fields<'_>, report: &mut Report) -> Option<SinkSettings> {
    let keys = [
        ("server", "server: smtp.example.com"),
        ("from", "from: storyd <storyd@example.com>"),
        ("to", "to: [team@example.com]"),
    ];
    need(fields, "the sink", &keys, report);
    const TLS: [(&str, MailTls); 3] = [("starttls", MailTls::StartTls), ("tls", MailTls::Tls), ("none", MailTls::None)];
    let tls = fields.word("tls", &TLS, report).map_or(MailTls::StartTls, |word| word.value);
    let usual = match tls {
        MailTls::StartTls => 587,
        MailTls::Tls => 465,
        MailTls::None => 25,
    };
    let port = whole_number(fields, "port", 1..=65_535, report).and_then(|port| u16::try_from(port).ok());
    let user = fields.text("user", report).and_then(|text| filled("user", text, report));
    let password = secret(fields, "password", report);
    if user.is_some() != password.is_some() && fields.has("user") != fields.has("password") {
        let key = if user.is_some() { "user" } else { "password" };
        report
            .add(Code::Exclusive, &fields.key_span(key), "`user` and `password` go together")
            .help("write both, or neither for a server that asks for no login");
    }
    let to = words(fields, "to", report)?;
    let server = fields.text("server", report).and_then(|text| filled("server", text, report))?;
    let from = fields.text("from", report).and_then(|text| filled("from", text, report))?;
    Some(SinkSettings::Mail(Box::new(MailSettings {
        server,
        port: port.unwrap_or(usual),
        tls,
        user,
        password,
        from,
        to,
    })))
}

fn words(fields: &Fields<'_>, key: &str, report: &mut Report) -> Option<Vec<String>> {
    let texts = fields.texts(key, report)?;
    if texts.is_empty() || texts.len() > WORDS_MAX {
        report.add(Code::EmptyText, &fields.key_span(key), format!("`{key}` has 1 to {WORDS_MAX} entries"));
        return None;
    }
    texts.into_iter().map(|text| filled(key, text, report)).collect()
}
