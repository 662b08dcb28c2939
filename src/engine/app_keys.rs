//! The app keys of the accounts: each from the settings, or one that a sandbox takes from all.

use std::collections::BTreeMap;

use crate::network::kakao::refresh::Credentials;

/// The app keys of the accounts.
#[derive(Clone, Debug)]
pub enum AppKeys {
    /// As the settings have them.
    Each(BTreeMap<String, Credentials>),
    /// The same for every account, those too that job files name later: a sandbox takes any.
    Any(Credentials),
}

impl AppKeys {
    pub(super) fn get(&self, account: &str) -> Option<&Credentials> {
        match self {
            Self::Each(keys) => keys.get(account),
            Self::Any(key) => Some(key),
        }
    }
}

impl FromIterator<(String, Credentials)> for AppKeys {
    fn from_iter<T: IntoIterator<Item = (String, Credentials)>>(keys: T) -> Self {
        Self::Each(keys.into_iter().collect())
    }
}
