//! Chance that repeats: whether a rule of some probability applies.

/// A seeded generator: the same seed gives the same run.
#[derive(Clone, Debug)]
pub(crate) struct Dice(fastrand::Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Whether something of `probability` (0 to 1) happens. The certain and the impossible cost no draw, so that adding a rule
    /// of probability 1 does not change what the other rules draw.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        probability >= 1.0 || (probability > 0.0 && self.0.f64() < probability)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_rolls_the_same_and_frequencies_are_near_the_probability() {
        let roll = |seed| {
            let mut dice = Dice::new(seed);
            (0..1000).map(|_| dice.happens(0.3)).collect::<Vec<_>>()
        };
        assert_eq!(roll(7), roll(7));
        assert_ne!(roll(7), roll(8));
        let hits = roll(7).into_iter().filter(|hit| *hit).count();
        assert!((230..370).contains(&hits), "{hits}");
    }
}
