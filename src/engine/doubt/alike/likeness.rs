//! How near a listed text is to one that was sent.

/// How near a listed text is to one that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    /// Another text, whatever a server may have done to it.
    Other,
    /// It cannot be told: too little is left of it, or of the one that was sent.
    Unclear,
    /// The sent one, altered; or one that says nearly the same.
    Alike,
    /// The same, in the comparable form.
    Same,
}
