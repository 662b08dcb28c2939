//! The parts of a spelt-out date, gathered from the tokens in front on, and put together in the end.

use jiff::ToSpan;
use jiff::civil::{Date, Time};

use super::tokens::{self, SpelledToken};

/// What a text was read as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpelledDate {
    /// One, or two where day and month can be taken for each other: the day first, then the month first.
    pub(crate) dates: Vec<Date>,
    /// A day of a month without its year.
    pub(crate) yearless: Option<(i8, i8)>,
    /// A year of more than four digits.
    pub(crate) long_year: Option<String>,
    pub(crate) time: Option<Time>,
    /// The word or offset behind the time, as it was written.
    pub(crate) zone: Option<String>,
}

/// What stands in a text, before it is put together.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    /// Three numbers that are a date in some order.
    triple: Option<[(String, i32); 3]>,
    dotted: bool,
    hour: Option<i8>,
    minute: Option<i8>,
    second: Option<i8>,
    afternoon: Option<bool>,
}

impl Pieces {
    /// Takes the first few tokens; how many. Nothing when they cannot be understood.
    pub(crate) fn take(&mut self, tokens: &[SpelledToken]) -> Option<usize> {
        use SpelledToken::{Number, Sign, Word};
        if let [Number(digits, n), Word(word), rest @ ..] = tokens
            && let Some(taken) = self.number_and_word(digits, *n, word, rest)
        {
            return Some(taken);
        }
        match tokens {
            [Number(a, x), Sign(s @ ('-' | '/' | '.')), Number(b, y), Sign(t), Number(c, z), rest @ ..] if s == t => {
                let texts = [(a.clone(), *x), (b.clone(), *y), (c.clone(), *z)];
                self.dotted = *s == '.';
                self.triple.is_none().then(|| self.triple = Some(texts))?;
                // `2026. 12. 3.` ends with a dot too.
                Some(5 + usize::from(matches!(rest.first(), Some(Sign('.')))))
            }
            [Number(_, h), Sign(':'), Number(m, minute), rest @ ..] if m.len() == 2 => self.clock((*h, *minute), rest),
            [Number(digits, _), ..] if digits.len() == 8 && self.triple.is_none() => {
                let part = |range: std::ops::Range<usize>| {
                    digits.get(range).map(|part| (part.to_owned(), part.parse().unwrap_or(0)))
                };
                self.triple = Some([part(0..4)?, part(4..6)?, part(6..8)?]);
                Some(1)
            }
            // `24.12.2026 18.00`, and `20261203 0900`.
            [Number(_, h), Sign('.'), Number(m, minute), ..] if m.len() == 2 && self.has_date() => {
                self.set_clock(*h, *minute)?;
                Some(3)
            }
            [Number(digits, n), ..] if digits.len() == 4 && self.has_date() && self.hour.is_none() => {
                if self.year.is_none() && self.triple.is_none() {
                    set(&mut self.year, *n)?;
                } else {
                    self.set_clock(n / 100, n % 100)?;
                }
                Some(1)
            }
            [Number(digits, n), ..] if digits.len() <= 2 && self.month.is_some() && self.day.is_none() => {
                set(&mut self.day, *n)?;
                Some(1)
            }
            // `3 Dec`: the month follows.
            [Number(digits, n), Sign('-' | '.'), Word(word), rest @ ..]
                if digits.len() <= 2 && tokens::month(word).is_some() =>
            {
                set(&mut self.day, *n)?;
                set(&mut self.month, tokens::month(word)?)?;
                Some(3 + usize::from(matches!(rest.first(), Some(Sign('-' | '.')))))
            }
            [Number(digits, n), Sign('/'), Number(_, m), ..] if digits.len() <= 2 && !self.has_date() => {
                set(&mut self.month, *n)?;
                set(&mut self.day, *m)?;
                Some(3)
            }
            [Word(word), ..] => self.word(word),
            [Sign(',' | '(' | ')' | '.' | '@'), ..] => Some(1),
            _ => None,
        }
    }

    /// `9:05`, and what follows of it.
    fn clock(&mut self, (hour, minute): (i32, i32), rest: &[SpelledToken]) -> Option<usize> {
        use SpelledToken::{Number, Sign};
        self.set_clock(hour, minute)?;
        match rest {
            [Sign(':'), Number(s, second), Sign('.' | ','), Number(..), ..] if s.len() == 2 => {
                set(&mut self.second, *second)?;
                Some(7)
            }
            [Sign(':'), Number(s, second), ..] if s.len() == 2 => {
                set(&mut self.second, *second)?;
                Some(5)
            }
            _ => Some(3),
        }
    }

    fn number_and_word(&mut self, digits: &str, n: i32, word: &str, rest: &[SpelledToken]) -> Option<usize> {
        match word {
            "년" => set(&mut self.year, if digits.len() == 2 { 2000 + n } else { n })?,
            "월" => set(&mut self.month, n)?,
            "일" | "st" | "nd" | "rd" | "th" => set(&mut self.day, n)?,
            "시" | "h" | "uhr" | "時" => {
                set(&mut self.hour, n)?;
                // `21h30`
                if let [SpelledToken::Number(minutes, minute), after @ ..] = rest
                    && minutes.len() == 2
                    && !matches!(after.first(), Some(SpelledToken::Word(_)))
                {
                    set(&mut self.minute, *minute)?;
                    return Some(3);
                }
            }
            "시반" => {
                set(&mut self.hour, n)?;
                set(&mut self.minute, 30)?;
            }
            "시정각" => set(&mut self.hour, n)?,
            "분" | "分" => set(&mut self.minute, n)?,
            "초" => set(&mut self.second, n)?,
            "年" => set(&mut self.year, n)?,
            "月" => set(&mut self.month, n)?,
            "日" => set(&mut self.day, n)?,
            "am" | "pm" | "a" | "p" => {
                if self.hour.is_none() {
                    set(&mut self.hour, n)?;
                    self.afternoon = Some(word.starts_with('p'));
                    return Some(2);
                }
                return None;
            }
            _ if tokens::month(word).is_some() && digits.len() <= 2 => {
                set(&mut self.day, n)?;
                set(&mut self.month, tokens::month(word)?)?;
            }
            _ => return None,
        }
        Some(2)
    }

    fn word(&mut self, word: &str) -> Option<usize> {
        match word {
            "오전" | "am" | "새벽" | "아침" => self.afternoon = Some(false),
            "오후" | "pm" | "저녁" | "낮" => self.afternoon = Some(true),
            // Before noon or after, the hour tells.
            "밤" => self.afternoon = Some(true),
            "정오" | "noon" => self.set_clock(12, 0)?,
            "정각" => {}
            "반" => {
                self.hour?;
                set(&mut self.minute, 30)?;
            }
            // Of an ISO date, and words that say nothing.
            "t" | "at" | "on" | "에" | "the" | "of" => {}
            _ if tokens::is_weekday(word) => {}
            _ => set(&mut self.month, tokens::month(word)?)?,
        }
        Some(1)
    }

    fn has_date(&self) -> bool {
        self.triple.is_some() || self.month.is_some() && self.day.is_some()
    }

    fn set_clock(&mut self, hour: i32, minute: i32) -> Option<()> {
        set(&mut self.hour, hour)?;
        set(&mut self.minute, minute)
    }

    pub(crate) fn put_together(self) -> Option<SpelledDate> {
        let mut reading = SpelledDate { time: self.time()?, ..SpelledDate::default() };
        if let Some(triple) = &self.triple {
            if let Some((long, _)) = triple.iter().find(|(digits, _)| digits.len() > 4) {
                reading.long_year = Some(long.clone());
                return Some(reading);
            }
            reading.dates = self.orders(triple);
            if reading.dates.is_empty() {
                return None;
            }
        } else if let (Some(month), Some(day)) = (self.month, self.day) {
            match self.year {
                Some(year) => reading.dates = vec![Date::new(year, month, day).ok()?],
                None => {
                    Date::new(2024, month, day).ok()?;
                    reading.yearless = Some((month, day));
                }
            }
        } else if self.year.is_some() || self.month.is_some() || self.day.is_some() {
            return None;
        }
        // `24:00` is the beginning of the next day.
        if self.hour == Some(24) {
            for date in &mut reading.dates {
                *date = date.checked_add(1.day()).ok()?;
            }
        }
        let nothing = reading.dates.is_empty() && reading.yearless.is_none() && reading.time.is_none();
        (!nothing).then_some(reading)
    }

    /// The dates that three numbers can be. Without a year of four digits the year is one of this age.
    fn orders(&self, [a, b, c]: &[(String, i32); 3]) -> Vec<Date> {
        let date = |year: &(String, i32), month: i32, day: i32| {
            let number = match year.0.len() {
                4 => year.1,
                2 => Some(2000 + year.1).filter(|year| (2024..2060).contains(year))?,
                _ => return None,
            };
            let small = |number: i32| i8::try_from(number).ok();
            Date::new(i16::try_from(number).ok()?, small(month)?, small(day)?).ok()
        };
        let year_first = date(a, b.1, c.1);
        if a.0.len() == 4 {
            return year_first.into_iter().collect();
        }
        let day_first = date(c, b.1, a.1);
        // Who writes dots writes the day first, or the year.
        let month_first = date(c, a.1, b.1).filter(|_| !self.dotted);
        let year_first = year_first.filter(|_| a.0.len() == 2);
        let mut dates: Vec<Date> = day_first.into_iter().chain(month_first).collect();
        if c.0.len() != 4 {
            // `26.12.03`: two numbers may be the year; more than one way is no date to offer.
            dates.splice(0..0, year_first);
            dates.dedup();
            return if dates.len() == 1 { dates } else { Vec::new() };
        }
        dates.dedup();
        dates
    }

    fn time(&self) -> Option<Option<Time>> {
        let Some(hour) = self.hour else {
            return (self.minute.is_none() && self.second.is_none() && self.afternoon.is_none()).then_some(None);
        };
        let hour = match (self.afternoon, hour) {
            (Some(true), 1..=11) => hour + 12,
            (Some(false), 12) => 0,
            (Some(false), 13..) => return None,
            (None, 24) if self.minute.unwrap_or(0) == 0 => 0,
            _ => hour,
        };
        Time::new(hour, self.minute.unwrap_or(0), self.second.unwrap_or(0), 0).ok().map(Some)
    }
}

/// Sets what is not set yet. Something that is said twice is not understood.
fn set<T: TryFrom<i32>>(place: &mut Option<T>, value: i32) -> Option<()> {
    if place.is_some() {
        return None;
    }
    *place = Some(T::try_from(value).ok()?);
    Some(())
}
