//! Breadth first over every reachable state, so that the first trace to a violation is a shortest one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use super::protocol::{Action, Rules, State, Troubles, Violation};

/// More than any of the searches needs: one that goes on longer counts something that it should not.
const STATES_MAX: usize = 20_000_000;

/// A state and how it was first reached.
struct Seen {
    state: State,
    from: u32,
    by: Option<Action>,
}

/// Everything that can happen.
pub(super) struct Space {
    seen: Vec<Seen>,
    pub(super) transitions: usize,
    /// The steps that need no trouble, backwards: (to, from).
    untroubled: Vec<(u32, u32)>,
}

/// Explores everything, or stops at the first of `violations` and returns its trace.
pub(super) fn explore(rules: &Rules, troubles: Troubles, violations: &[Violation]) -> Result<Space, String> {
    let start = State::start(troubles);
    let mut space =
        Space { seen: vec![Seen { state: start, from: 0, by: None }], transitions: 0, untroubled: Vec::new() };
    let mut known: HashMap<State, u32, BuildHasherDefault<Mixer>> = HashMap::default();
    known.insert(start, 0);
    let mut at = 0;
    while let Some(state) = space.seen.get(at).map(|seen| seen.state) {
        for (by, next) in state.steps(rules) {
            space.transitions += 1;
            let number = match known.entry(next) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(free) => {
                    let number = space.seen.len() as u32;
                    free.insert(number);
                    space.seen.push(Seen { state: next, from: at as u32, by: Some(by) });
                    if let Some(violation) = violations.iter().find(|violation| next.violates(**violation)) {
                        return Err(space.trace(number, &format!("{violation:?}")));
                    }
                    number
                }
            };
            if state.is_untroubled(&next) {
                space.untroubled.push((number, at as u32));
            }
        }
        assert!(space.seen.len() < STATES_MAX, "the model has no end");
        at += 1;
    }
    Ok(space)
}

impl Space {
    pub(super) fn states(&self) -> usize {
        self.seen.len()
    }

    pub(super) fn settled(&self) -> usize {
        self.seen.iter().filter(|seen| seen.state.is_settled()).count()
    }

    /// A state from which no settled one can be reached, even when nothing goes wrong any more: the shortest way there.
    pub(super) fn stuck(&self) -> Option<String> {
        let mut steps = self.untroubled.clone();
        steps.sort_unstable();
        let mut settles: Vec<bool> = self.seen.iter().map(|seen| seen.state.is_settled()).collect();
        let mut todo: Vec<u32> =
            (0..).zip(&settles).filter(|(_, settles)| **settles).map(|(number, _)| number).collect();
        while let Some(to) = todo.pop() {
            let first = steps.partition_point(|(other, _)| *other < to);
            for (_, from) in steps[first..].iter().take_while(|(other, _)| *other == to) {
                if !std::mem::replace(&mut settles[*from as usize], true) {
                    todo.push(*from);
                }
            }
        }
        let stuck = settles.iter().position(|settles| !settles)?;
        Some(self.trace(stuck as u32, "Stuck"))
    }

    /// The shortest way to a state, a line per step.
    fn trace(&self, mut number: u32, what: &str) -> String {
        let mut actions = Vec::new();
        while let Seen { from, by: Some(by), .. } = self.seen[number as usize] {
            actions.push(by);
            number = from;
        }
        actions.reverse();
        let mut text = format!("{what} after {} steps\n", actions.len());
        for (number, action) in (1..).zip(actions) {
            text.push_str(&format!("{number:>3}. {action}\n"));
        }
        text
    }
}

/// A hasher for keys of a few dozen small fields, which the standard one would take most of the time for.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_isize(&mut self, word: isize) {
        self.write_u64(word as u64);
    }
}
