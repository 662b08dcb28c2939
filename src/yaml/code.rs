//! The one table of problem codes. A code keeps its meaning over releases; one that is given up is never used again.

use std::fmt;

/// Whether a problem stops the loading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The files are not loaded.
    Error,
    /// The files are loaded; a person should look.
    Warning,
    /// The files are loaded; something is posted otherwise than it was typed, or tells more than it seems to.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    /// Whether it stops the loading.
    pub fn is_error(self) -> bool {
        self == Self::Error
    }
}

macro_rules! codes {
    ($($name:ident $code:literal $meaning:literal)*) => {
        /// What kind of problem. Codes that begin with `E` are errors, those with `W` warnings, those with `N` notes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable code, such as `E021`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The page on it: what it means, a wrong example, the right one.
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("../../docs/codes/", $code, ".md")),)* }
            }

            /// What the code means, in a few words.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

codes! {
    Unreadable       "E001" "a file or folder cannot be read"
    TooLarge         "E002" "a file, or the number of files, jobs or entries, is over the limit"
    NotUtf8          "E003" "a file is not UTF-8 text"
    SettingsFile     "E004" "a settings file is named as a job file"
    NoJobFile        "E005" "a file of another program is named, or has no key of a job file"
    Syntax           "E010" "the YAML itself cannot be read"
    DuplicateKey     "E011" "a key stands twice in one mapping"
    Tag              "E012" "a YAML tag (`!…`) stands where none is used"
    Expansion        "E013" "the file nests too deep, or its aliases expand to too much"
    Empty            "E014" "the file holds nothing"
    OddCharacter     "E015" "a value holds a character that cannot be seen"
    MissingKey       "E020" "a required key is missing"
    UnknownKey       "E021" "a key is not known"
    WrongType        "E022" "a value has the wrong type"
    WrongWord        "E023" "a value is not one of the allowed words"
    Misplaced        "E024" "a key does not belong to this type of job"
    BadName          "E025" "a name is not allowed"
    DuplicateJob     "E026" "two files name a job alike"
    Exclusive        "E027" "two keys exclude each other"
    NoSuchAccount    "E028" "a job posts to an account that the settings do not name"
    UnknownZone      "E030" "a time zone is not known"
    BadTime          "E031" "a date or time is not in the form that is read"
    NoSuchTime       "E032" "a date or time does not exist"
    BadCron          "E033" "a cron pattern cannot be read, or can never match"
    NeverPosts       "E034" "a schedule yields no time at all"
    BackwardsPeriod  "E035" "a period ends before it begins"
    BadDuration      "E036" "a duration is not in the form that is read, or out of range"
    DeleteTooEarly   "E037" "a story would be deleted before it is posted"
    TooManyPosts     "E038" "the cron patterns make more posts than the settings allow"
    EmptyText        "E040" "a text is empty"
    TextTooLong      "E041" "a text is longer than Kakao takes"
    ControlCharacter "E042" "a text holds a control character"
    BadTemplate      "E043" "a `{{ … }}` in a text cannot be read or filled in"
    UnknownVariable  "E044" "a text names a variable that nobody has set"
    ImageUnreadable  "E050" "an image cannot be read"
    ImageTooBig      "E051" "an image is bigger than Kakao takes"
    ImageFormat      "E052" "a file is damaged, or not an image of a format that Kakao takes"
    ImageCount       "E053" "a photo has no image, or more than Kakao takes"
    GifNotAlone      "E054" "a GIF stands beside other images"
    ImageOutside     "E055" "an image lies where job files may not take images from"
    BadUrl           "E060" "an address is not an http or https URL"
    PrivateUrl       "E061" "an address leads to a machine or a network that readers cannot reach"
    BadAddress       "E070" "a listen address cannot be read"
    BadLimits        "E071" "two limits contradict each other"
    BadSize          "E073" "a size is not in the form that is read, or out of range"
    NoToken          "E080" "an account has no token that works"
    NoConsent        "E081" "an account has not given a consent that its posts need"
    LineEnds         "N010" "Windows line ends are posted as plain ones"
    TrailingBlanks   "N011" "blanks at the end of a text are not posted"
    Decomposed       "N012" "a text is written in decomposed letters"
    Folded           "N013" "the short lines of a text are joined to one"
    ImagePlace       "N050" "a photo tells where it was taken"
    LinkCard         "N080" "what the card of a link will show"
    EmptyFolder      "W001" "a folder holds no job file"
    NotRead          "W002" "a file looks like a job file and is not read"
    LeftOut          "W003" "a file of another program lies among the job files, and is left out"
    TextCut          "W010" "a `#` ends a text that was perhaps meant to go on"
    NearLimit        "W011" "a text is close to Kakao's limit"
    StrayCharacter   "W012" "a character cannot be seen, or belongs to another alphabet, and means nothing there"
    Leftover         "W013" "a text holds what another program left in it"
    OtherBraces      "W019" "braces of another kind stand around the name of a variable"
    NoEffect         "W020" "a key has no effect here"
    NearlyAlike      "W021" "the names of two jobs differ only in upper and lower case"
    FarAhead         "W028" "a time is so far ahead that its year is probably mistyped"
    ZoneAbbreviation "W029" "a time zone is written as an abbreviation"
    ShiftedTime      "W030" "a local time is skipped by a clock change, and moves"
    RepeatedTime     "W031" "a local time comes twice because of a clock change"
    ExceptUnused     "W032" "an `except` date matches no occurrence"
    SameInstant      "W033" "two entries of `at` are one instant"
    EitherDay        "W034" "a cron pattern names days of the month and weekdays, and posts on both"
    InBlackout       "W035" "a time falls into a blackout"
    Over             "W036" "a schedule is over, and posts nothing more"
    ManyADay         "W037" "an account gets very many posts on one day"
    EveryMinute      "W038" "a cron pattern posts every minute, or nearly"
    Irregular        "W039" "a cron pattern skips months, or its step begins anew"
    ImageLarge       "W050" "an image has so many pixels that readers will see a smaller form of it"
    ImageTurned      "W051" "a photo lies on its side"
    ImageMoves       "W052" "an animated PNG will probably stand still"
    ImagePrint       "W053" "a picture is in the colours of print"
    TokenEnds        "W080" "a post is due after the account's login ends"
    LinkUnscraped    "W081" "Kakao could not scrape a link just now"
    NoReadConsent    "W082" "without the consent to read, a person must settle every doubt"
}

impl Code {
    /// Error, warning or note, by the first letter.
    pub fn severity(self) -> Severity {
        match self.as_str().as_bytes().first() {
            Some(b'W') => Severity::Warning,
            Some(b'N') => Severity::Note,
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_in_order_and_well_formed() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].as_str() < pair[1].as_str(), "{} and {}", pair[0], pair[1]);
        }
        for code in Code::ALL {
            assert!(code.as_str().len() == 4 && code.as_str()[1..].bytes().all(|b| b.is_ascii_digit()), "{code}");
        }
    }
}
