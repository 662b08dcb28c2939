//! When a fault happens: a rule, as typed on a command line, as JSON, or built in a test.
//!
//! Owns the reading and checking of rules, and the board that counts them down. Must not know what a fault does.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::deceit::{Deceit, Told};
use super::dice::Dice;
use super::name::FaultName;
use crate::error::SandboxError;
use crate::http::call::Call;

/// Largest `size` of a rule: pages of this many bytes still fit into the memory of a test.
const SIZE_MAX: usize = 64 << 20;

/// A fault or a deceit, and when it happens.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRule {
    /// What goes wrong, or what is told that is not so.
    pub name: FaultName,
    /// How likely on each request that it fits: 0 to 1.
    pub probability: f64,
    /// How many times at most; without it, for ever.
    pub count: Option<u32>,
    /// The calls that it is limited to; without it, [`FaultName::default_calls`].
    pub calls: Option<Vec<Call>>,
    /// The account that it is limited to.
    pub account: Option<String>,
    /// The fault's duration, where it has one, or by how much time a deceit is off; without it, [`FaultName::default_after`].
    pub after: Option<Duration>,
    /// How many characters, bytes or stories a deceit is about; without it, [`FaultName::default_size`].
    pub size: Option<usize>,
}

impl FaultRule {
    /// The fault on every request that it fits.
    pub fn new(name: FaultName) -> Self {
        Self { name, probability: 1.0, count: None, calls: None, account: None, after: None, size: None }
    }

    /// With a probability of 0 to 1.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// The first `count` times only.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }

    /// On these calls only.
    #[must_use]
    pub fn on(mut self, calls: &[Call]) -> Self {
        self.calls = Some(calls.to_vec());
        self
    }

    /// For this account only.
    #[must_use]
    pub fn account(mut self, account: &str) -> Self {
        self.account = Some(account.to_owned());
        self
    }

    /// With this duration.
    #[must_use]
    pub fn after(mut self, after: Duration) -> Self {
        self.after = Some(after);
        self
    }

    /// Off by so much: for deceits, which are not about a wait.
    #[must_use]
    pub fn by(self, by: Duration) -> Self {
        self.after(by)
    }

    /// About so many characters, bytes or stories.
    #[must_use]
    pub fn size(mut self, size: usize) -> Self {
        self.size = Some(size);
        self
    }

    /// Refuses what cannot happen.
    ///
    /// # Errors
    /// [`SandboxError::Fault`], with what is valid.
    pub fn check(&self) -> Result<(), SandboxError> {
        let fail = |problem: String| Err(SandboxError::Fault { rule: self.to_string(), problem });
        if !(0.0..=1.0).contains(&self.probability) {
            return fail(format!("the probability {} is not between 0 and 1", self.probability));
        }
        let possible = self.name.possible_calls();
        if let Some(call) = self.calls.iter().flatten().find(|call| !possible.contains(call)) {
            return fail(format!("{} cannot happen on {call}, only on {}", self.name, join(possible)));
        }
        if self.after.is_some() && self.name.default_after().is_none() {
            return fail(format!("{} has no duration; leave `{}` out", self.name, self.duration_key()));
        }
        if self.size.is_some() && self.name.default_size().is_none() {
            return fail(format!("{} is not about a number; leave `size` out", self.name));
        }
        if self.size.is_some_and(|size| size > SIZE_MAX) {
            return fail(format!("a `size` is at most {SIZE_MAX}"));
        }
        Ok(())
    }

    /// What the duration is called where the rule is written.
    fn duration_key(&self) -> &'static str {
        if matches!(self.name, FaultName::Deceit(_)) { "by" } else { "after" }
    }

    fn fits(&self, call: Call, account: Option<&str>) -> bool {
        let calls = self.calls.as_deref().unwrap_or_else(|| self.name.default_calls());
        calls.contains(&call) && self.account.as_deref().is_none_or(|wanted| account == Some(wanted))
    }
}

fn join(calls: &[Call]) -> String {
    calls.iter().map(|call| call.name()).collect::<Vec<_>>().join("+")
}

/// `NAME[=PROBABILITY][,count=N][,calls=CALL+CALL…][,account=NAME][,after=DURATION][,size=N]`, where deceits take `by` for `after`
impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if self.probability != 1.0 {
            write!(f, "={}", self.probability)?;
        }
        if let Some(count) = self.count {
            write!(f, ",count={count}")?;
        }
        if let Some(calls) = &self.calls {
            write!(f, ",calls={}", join(calls))?;
        }
        if let Some(account) = &self.account {
            write!(f, ",account={account}")?;
        }
        if let Some(after) = self.after {
            write!(f, ",{}={}", self.duration_key(), duration_text(after))?;
        }
        if let Some(size) = self.size {
            write!(f, ",size={size}")?;
        }
        Ok(())
    }
}

impl FromStr for FaultRule {
    type Err = SandboxError;

    fn from_str(text: &str) -> Result<Self, SandboxError> {
        let fail = |problem: String| SandboxError::Fault { rule: text.to_owned(), problem };
        let mut pieces = text.split(',');
        let head = pieces.next().unwrap_or_default();
        let (name, probability) = match head.split_once('=') {
            Some((name, number)) => {
                let wrong =
                    |_| fail(format!("{number:?} is no probability; write a number from 0 to 1, as in {name}=0.3"));
                (name, number.trim().parse().map_err(wrong)?)
            }
            None => (head, 1.0),
        };
        let mut rule = Self::new(name.parse().map_err(fail)?).probability(probability);
        for piece in pieces {
            let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
            match (key.trim(), value.trim()) {
                ("count", value) => {
                    rule.count = Some(value.parse().map_err(|_| fail(format!("{value:?} is no count")))?)
                }
                ("calls", value) => {
                    rule.calls = Some(value.split('+').map(str::parse).collect::<Result<_, _>>().map_err(fail)?);
                }
                ("account", value) => rule.account = Some(value.to_owned()),
                ("after" | "by", value) => rule.after = Some(parse_duration(value).map_err(fail)?),
                ("size", value) => rule.size = Some(value.parse().map_err(|_| fail(format!("{value:?} is no size")))?),
                (other, _) => {
                    return Err(fail(format!(
                        "{other:?} is unknown; valid are count, calls, account, after, by, size"
                    )));
                }
            }
        }
        rule.check()?;
        Ok(rule)
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    parsed.ok_or_else(|| format!("{text:?} is no duration; write one like 500ms, 5s or 1m"))
}

/// A duration as a rule is written with it.
pub(crate) fn duration_text(duration: Duration) -> String {
    SignedDuration::try_from(duration).map(|duration| format!("{duration:#}").replace(' ', "")).unwrap_or_default()
}

/// The JSON shape. Calls are words, `after` and `by` texts such as `5s`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    name: String,
    #[serde(default = "certain")]
    probability: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<usize>,
}

fn certain() -> f64 {
    1.0
}

impl Serialize for FaultRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_deceit = matches!(self.name, FaultName::Deceit(_));
        let duration = self.after.map(duration_text);
        Wire {
            name: self.name.to_string(),
            probability: self.probability,
            count: self.count,
            calls: self.calls.as_ref().map(|calls| calls.iter().map(|call| call.name().to_owned()).collect()),
            account: self.account.clone(),
            after: duration.clone().filter(|_| !is_deceit),
            by: duration.filter(|_| is_deceit),
            size: self.size,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FaultRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let calls = wire.calls.map(|calls| calls.iter().map(|call| call.parse()).collect::<Result<Vec<Call>, _>>());
        let duration = wire.after.or(wire.by);
        let rule = Self {
            name: wire.name.parse().map_err(D::Error::custom)?,
            probability: wire.probability,
            count: wire.count,
            calls: calls.transpose().map_err(D::Error::custom)?,
            account: wire.account,
            after: duration.map(|text| parse_duration(&text)).transpose().map_err(D::Error::custom)?,
            size: wire.size,
        };
        rule.check().map_err(D::Error::custom)?;
        Ok(rule)
    }
}

/// The rules in force. Counts fall as they fire.
#[derive(Debug)]
pub(crate) struct FaultBoard {
    rules: Vec<FaultRule>,
    dice: Dice,
}

/// What one request gets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fired(Vec<FaultRule>);

impl FaultBoard {
    pub(crate) fn new(rules: Vec<FaultRule>, seed: u64) -> Self {
        Self { rules, dice: Dice::new(seed) }
    }

    /// Replaces the rules. Chance goes on where it was.
    pub(crate) fn set(&mut self, rules: Vec<FaultRule>) {
        self.rules = rules;
    }

    /// The rules with what is left of their counts.
    pub(crate) fn rules(&self) -> &[FaultRule] {
        &self.rules
    }

    /// Draws for one request: every modifier that comes up, and the first fault that decides the answer.
    pub(crate) fn draw(&mut self, call: Call, account: Option<&str>) -> Fired {
        let mut fired = Vec::new();
        let mut decided = false;
        for rule in &mut self.rules {
            let eligible = rule.fits(call, account) && rule.count != Some(0) && (rule.name.is_modifier() || !decided);
            if eligible && self.dice.happens(rule.probability) {
                decided |= !rule.name.is_modifier();
                rule.count = rule.count.map(|count| count - 1);
                fired.push(rule.clone());
            }
        }
        Fired(fired)
    }
}

impl Fired {
    pub(crate) fn has(&self, name: FaultName) -> bool {
        self.0.iter().any(|rule| rule.name == name)
    }

    /// The duration of a fault that fired.
    pub(crate) fn after(&self, name: FaultName) -> Option<Duration> {
        let rule = self.0.iter().find(|rule| rule.name == name)?;
        rule.after.or(name.default_after())
    }

    /// The deceits of one family that happen, in the order of the rules.
    pub(crate) fn told<'a, L: Copy + 'a>(
        &'a self,
        of: impl Fn(Deceit) -> Option<L> + 'a,
    ) -> impl Iterator<Item = Told<L>> + 'a {
        self.0.iter().filter_map(move |rule| {
            let FaultName::Deceit(deceit) = rule.name else { return None };
            let by = rule.after.or(deceit.default_by()).unwrap_or_default();
            let size = rule.size.or(deceit.default_size()).unwrap_or_default();
            of(deceit).map(|lie| Told { lie, by, size })
        })
    }

    /// The fault that decides the answer.
    pub(crate) fn decisive(&self) -> Option<FaultName> {
        self.0.iter().map(|rule| rule.name).find(|name| !name.is_modifier())
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|rule| rule.name.to_string()).collect()
    }
}
