//! Numbers that look random and never come twice, and their spelling in base 62.

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
    fn base62_has_a_fixed_width_and_keeps_numbers_apart() {
        assert_eq!(base62(0, 3), "000");
        assert_eq!(base62(61, 3), "00z");
        assert_eq!(base62(u64::MAX, 11).len(), 11);
        assert_ne!(base62(mix(1), 11), base62(mix(2), 11));
    }
}
