//! The ways to people: a webhook of a chat, a signed webhook, mail, a command; and the heartbeat of a dead-man's switch.
//!
//! Owns one delivery: sends a notice once, says whether it arrived, and tries nothing again by itself. Knows neither the queue nor
//! Kakao; when a notice is due is the engine's affair. Addresses are secrets here: no error quotes one.

mod command;
mod error;
mod mail;
mod secret;
mod webhook;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;

use self::command::Command;
pub use self::error::{NotSent, SinkError};
use self::mail::Mail;
use self::secret::{address, resolved};
use self::webhook::Http;
use crate::domain::notice::Notice;
use crate::settings::notify::{Notify, SinkSettings as Settings};

/// How long one delivery may take.
const DELIVERY_TIME: Duration = Duration::from_secs(15);

/// Every way that the settings name.
#[derive(Debug)]
pub struct Sinks {
    sinks: BTreeMap<String, Sink>,
    heartbeat: Option<Heartbeat>,
    http: Http,
    /// How long one delivery may take; a command has a time of its own.
    delivery_time: Duration,
}

#[derive(Debug)]
enum Sink {
    Slack { url: SecretString },
    Jandi { url: SecretString },
    Discord { url: SecretString },
    Webhook { url: SecretString, secret: Option<SecretString> },
    Mail(Box<Mail>),
    Command(Command),
}

#[derive(Debug)]
struct Heartbeat {
    url: SecretString,
    every: Duration,
}

/// What a webhook and a command get.
#[derive(Serialize)]
struct Envelope<'a> {
    /// The same each time that the notice is tried: a receiver that has seen it can drop it.
    id: &'a str,
    /// All of it as plain text.
    text: String,
    #[serde(flatten)]
    notice: &'a Notice,
}

impl Sinks {
    /// The sinks of the settings, with their secrets read.
    ///
    /// # Errors
    /// A secret that cannot be read, an address that is none.
    pub fn new(settings: &Notify) -> Result<Self, SinkError> {
        Self::within(settings, DELIVERY_TIME)
    }

    /// The same, with another end to each delivery.
    ///
    /// # Errors
    /// As with [`new`](Self::new).
    pub fn within(settings: &Notify, delivery_time: Duration) -> Result<Self, SinkError> {
        let http = Http::new(delivery_time)?;
        let mut sinks = BTreeMap::new();
        for (name, sink) in &settings.sinks {
            sinks.insert(name.clone(), Sink::new(name, sink)?);
        }
        let heartbeat = match &settings.heartbeat {
            Some(heartbeat) => Some(Heartbeat { url: address("heartbeat", &heartbeat.url)?, every: heartbeat.every }),
            None => None,
        };
        Ok(Self { sinks, heartbeat, http, delivery_time })
    }

    /// Nobody is told.
    ///
    /// # Errors
    /// As with [`new`](Self::new).
    pub fn none() -> Result<Self, SinkError> {
        Self::new(&Notify::default())
    }

    /// Their names, in alphabetical order.
    pub fn names(&self) -> Vec<&str> {
        self.sinks.keys().map(String::as_str).collect()
    }

    /// Sends a notice once. `now` is the time that a webhook's signature vouches for.
    ///
    /// # Errors
    /// It did not arrive, or nobody said that it did.
    pub async fn send(&self, sink: &str, id: &str, notice: &Notice, now: Timestamp) -> Result<(), NotSent> {
        let Some(sink) = self.sinks.get(sink) else {
            return Err(NotSent::Way(format!("the settings have no sink {sink}")));
        };
        let envelope = Envelope { id, text: notice.text(), notice };
        match sink {
            Sink::Slack { url } => self.http.slack(url, &envelope.text).await,
            Sink::Jandi { url } => self.http.jandi(url, notice).await,
            Sink::Discord { url } => self.http.discord(url, &envelope.text).await,
            Sink::Webhook { url, secret } => self.http.post(url, secret.as_ref(), &json(&envelope)?, now).await,
            Sink::Mail(mail) => mail.send(id, notice, &envelope.text, self.delivery_time).await,
            Sink::Command(command) => command.run(&json(&envelope)?).await,
        }
    }

    /// How often the heartbeat is due; `None` when there is none.
    pub fn heartbeat_every(&self) -> Option<Duration> {
        self.heartbeat.as_ref().map(|heartbeat| heartbeat.every)
    }

    /// Says that storyd lives (GET on the heartbeat's address). Nothing without a heartbeat.
    ///
    /// # Errors
    /// The address did not take it.
    pub async fn beat(&self) -> Result<(), NotSent> {
        match &self.heartbeat {
            Some(heartbeat) => self.http.get(&heartbeat.url).await,
            None => Ok(()),
        }
    }

    /// Whether there is a sink of that name.
    pub fn has(&self, sink: &str) -> bool {
        self.sinks.contains_key(sink)
    }
}

impl Sink {
    fn new(name: &str, settings: &Settings) -> Result<Self, SinkError> {
        Ok(match settings {
            Settings::Slack { url } => Self::Slack { url: address(name, url)? },
            Settings::Jandi { url } => Self::Jandi { url: address(name, url)? },
            Settings::Discord { url } => Self::Discord { url: address(name, url)? },
            Settings::Webhook { url, secret } => {
                let secret = secret.as_ref().map(|secret| resolved(name, secret)).transpose()?;
                Self::Webhook { url: address(name, url)?, secret }
            }
            Settings::Mail(mail) => Self::Mail(Box::new(Mail::new(name, mail)?)),
            Settings::Command { run, timeout } => Self::Command(Command::new(run, *timeout)),
        })
    }
}

fn json(envelope: &Envelope<'_>) -> Result<String, NotSent> {
    serde_json::to_string(envelope).map_err(|error| NotSent::Refused(format!("the notice has no JSON form ({error})")))
}
