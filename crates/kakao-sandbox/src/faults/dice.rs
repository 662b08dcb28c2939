//! Chance that repeats: a seeded generator, and numbers that look random but never come twice.
//!
//! Owns splitmix64. Must not know what its numbers decide.

/// A seeded generator: the same seed gives the same run.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Whether something of `probability` (0 to 1) happens. The certain and the impossible cost no draw, so that adding a rule
    /// of probability 1 does not change what the other rules draw.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        if probability >= 1.0 {
            return true;
        }
        probability > 0.0 && self.unit() < probability
    }

    /// Uniform in [0, 1), from the upper 53 bits.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(GOLDEN_GAMMA);
        (mix(self.0) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The splitmix64 finalizer. A bijection: distinct inputs give distinct outputs, which is what keeps identifiers unique.
pub(crate) fn mix(input: u64) -> u64 {
    let mut z = input;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `number` in base 62 with exactly `width` digits; 11 digits hold every `u64`, fewer keep the lower ones.
pub(crate) fn base62(number: u64, width: usize) -> String {
    let mut digits = vec![b'0'; width];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits.into_iter().map(char::from).collect()
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

    #[test]
    fn base62_has_a_fixed_width_and_keeps_numbers_apart() {
        assert_eq!(base62(0, 3), "000");
        assert_eq!(base62(61, 3), "00z");
        assert_eq!(base62(u64::MAX, 11).len(), 11);
        assert_ne!(base62(mix(1), 11), base62(mix(2), 11));
    }
}
