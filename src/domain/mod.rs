//! The words that every floor speaks: what a post says, the states that it goes through, what can go wrong, when to try again.
//!
//! Pure: nothing here is async, knows SQL, HTTP or YAML, or can fail for a reason outside its arguments. The one exception is
//! [`clock`], the only file that reads the time.

pub mod case;
pub mod clock;
pub mod content;
pub mod dates;
pub mod duration;
pub mod evidence;
pub mod fault;
pub mod name;
pub mod notice;
pub mod policy;
pub mod post;
pub mod printable;
pub mod retry;
pub mod telling;
pub mod told_as;
