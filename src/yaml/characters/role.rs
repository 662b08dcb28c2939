//! What a value is for, by the key that it stands under: that decides which characters may stand in it.

use crate::yaml::problem::Code;

/// What a value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A mapping.
    Keys(Within),
    /// A word, a number, a time: nothing but ASCII, and this code when it is not.
    Word(Code),
    /// Words and numbers between single blanks.
    Time(Code),
    /// Letters of any script.
    Name,
    /// An address: ASCII up to its path.
    Url,
    /// The name of a file, which may be anything: looked for on disk.
    Path,
    /// Anything that can be seen.
    Seen,
    /// What is posted, or read by people.
    Text,
    /// Not ours.
    Free,
}

/// What the keys of a mapping are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// Keys that storyd knows.
    Keys,
    /// Names of jobs, or of accounts.
    Jobs,
    /// Names of variables, of texts.
    Names,
}

impl Role {
    pub(crate) fn code(self) -> Code {
        match self {
            Self::Word(code) | Self::Time(code) => code,
            Self::Name => Code::BadName,
            Self::Url => Code::BadUrl,
            _ => Code::OddCharacter,
        }
    }

    /// Whether a comma inside one entry of a list can only be the list's own.
    pub(crate) fn parts_at_commas(self) -> bool {
        matches!(self, Self::Name | Self::Time(_) | Self::Word(Code::WrongWord | Code::BadDuration))
    }
}

/// The role of the keys of a mapping.
pub(crate) fn of_key(within: Within) -> Role {
    match within {
        Within::Keys => Role::Word(Code::UnknownKey),
        Within::Jobs | Within::Names => Role::Name,
    }
}

/// The role of the value under a key.
pub(crate) fn of(key: &str, within: Within, settings: bool) -> Role {
    match within {
        Within::Jobs => return Role::Keys(Within::Keys),
        Within::Names => return Role::Text,
        Within::Keys => {}
    }
    match key {
        "jobs" if settings => Role::Path,
        "jobs" | "accounts" => Role::Keys(Within::Jobs),
        "vars" => Role::Keys(Within::Names),
        "defaults" | "blackouts" | "notify" | "dashboard" | "watch" | "timeouts" | "keep" | "preflight" | "late" => {
            Role::Keys(Within::Keys)
        }
        "at" | "from" | "until" | "except" | "delete_at" | "dates" | "hours" => Role::Time(Code::BadTime),
        "every" if !settings => Role::Time(Code::BadDuration),
        "cron" | "audit" => Role::Time(Code::BadCron),
        "zone" => Role::Word(Code::UnknownZone),
        "version" | "type" | "permission" | "in_doubt" | "then" | "weekdays" => Role::Word(Code::WrongWord),
        "enable_share" => Role::Word(Code::WrongType),
        "account" => Role::Word(Code::BadName),
        "tags" => Role::Name,
        "jitter" | "within" | "delete_after" => Role::Word(Code::BadDuration),
        "url" | "api_url" | "login_url" | "redirect_uri" => Role::Url,
        "images" => Role::Path,
        "content" | "contents" | "reason" => Role::Text,
        "android_exec_param" | "ios_exec_param" | "android_market_param" | "ios_market_param" => Role::Seen,
        "horizon" | "poll" | "settle" | "connect" | "request" | "upload" | "publish" | "lease" | "retry"
        | "quarantine" | "prepare_ahead" | "catch_up_gap" | "min_gap" | "deleted" | "cancelled" | "missed"
        | "failed" | "audits"
            if settings =>
        {
            Role::Word(Code::BadDuration)
        }
        "listen" if settings => Role::Word(Code::BadAddress),
        "ballast" if settings => Role::Word(Code::BadSize),
        "password" | "data_dir" | "command" | "file" | "env" | "credential" => Role::Free,
        _ if settings => Role::Seen,
        _ => Role::Free,
    }
}
