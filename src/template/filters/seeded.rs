//! Python's random numbers from a seed (the Mersenne twister), so that what a playbook derives from
//! a host's name is what Ansible derives from it.

use sha2::{Digest, Sha512};

const WORDS: usize = 624;
const SHIFT: usize = 397;

/// Python's `random.Random(seed)`.
pub(super) struct Seeded {
    state: [u32; WORDS],
    at: usize,
}

impl Seeded {
    /// Seeded with text, as `random.seed` of Python 3 does it.
    pub(super) fn with_text(text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        bytes.extend(Sha512::digest(text.as_bytes()));
        Self::with_bytes(&bytes)
    }

    /// Seeded with an integer; its sign does not count.
    pub(super) fn with_integer(seed: i128) -> Self {
        Self::with_bytes(&seed.unsigned_abs().to_be_bytes())
    }

    /// Seeded with a large number, its highest byte first.
    fn with_bytes(bytes: &[u8]) -> Self {
        let mut key: Vec<u32> = bytes
            .rchunks(4)
            .map(|part| part.iter().fold(0, |word, byte| (word << 8) | u32::from(*byte)))
            .collect();
        while key.len() > 1 && key.last() == Some(&0) {
            key.pop();
        }
        let mut twister = Self::start(19_650_218);
        twister.mix(&key);
        twister
    }

    fn start(seed: u32) -> Self {
        let mut state = [0; WORDS];
        let mut last = seed;
        for (at, word) in (0_u32..).zip(state.iter_mut()) {
            if at > 0 {
                last = 1_812_433_253_u32.wrapping_mul(last ^ (last >> 30)).wrapping_add(at);
            }
            *word = last;
        }
        Self { state, at: WORDS }
    }

    fn word(&self, at: usize) -> u32 {
        self.state.get(at % WORDS).copied().unwrap_or(0)
    }

    fn set(&mut self, at: usize, word: u32) {
        if let Some(slot) = self.state.get_mut(at % WORDS) {
            *slot = word;
        }
    }

    fn mix(&mut self, key: &[u32]) {
        let mut at = 1;
        let mut step = |twister: &mut Self, factor: u32, add: &dyn Fn(usize) -> u32, sign: bool| {
            let before = twister.word(at - 1);
            let mixed = twister.word(at) ^ (before ^ (before >> 30)).wrapping_mul(factor);
            let add = add(at);
            twister.set(at, if sign { mixed.wrapping_add(add) } else { mixed.wrapping_sub(add) });
            at += 1;
            if at >= WORDS {
                let last = twister.word(WORDS - 1);
                twister.set(0, last);
                at = 1;
            }
        };
        let low = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        for number in 0..key.len().max(WORDS) {
            let place = number % key.len();
            let word = key.get(place).copied().unwrap_or(0).wrapping_add(low(place));
            step(self, 1_664_525, &|_| word, true);
        }
        for _ in 1..WORDS {
            step(self, 1_566_083_941, &|at| low(at), false);
        }
        self.set(0, 0x8000_0000);
    }

    fn twist(&mut self) {
        for at in 0..WORDS {
            let joined = (self.word(at) & 0x8000_0000) | (self.word(at + 1) & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.set(at, self.word(at + SHIFT) ^ (joined >> 1) ^ odd);
        }
        self.at = 0;
    }

    fn next_word(&mut self) -> u32 {
        if self.at >= WORDS {
            self.twist();
        }
        let mut word = self.word(self.at);
        self.at += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// Python's `getrandbits`.
    fn bits(&mut self, count: u32) -> u64 {
        let low = u64::from(self.next_word());
        if count <= 32 {
            return low >> (32 - count);
        }
        let high = u64::from(self.next_word()) >> (64 - count.min(64));
        low | (high << 32)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        let count = u64::BITS - end.leading_zeros();
        loop {
            let drawn = self.bits(count.max(1));
            if drawn < end {
                return drawn;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that CPython 3.11 gave.
    #[test]
    fn numbers_are_those_of_python() {
        let draw = |mut from: Seeded, end| (0..5).map(|_| from.below(end)).collect::<Vec<_>>();
        assert_eq!(draw(Seeded::with_text("node1"), 60), [36, 37, 43, 1, 29]);
        assert_eq!(draw(Seeded::with_integer(42), 100), [81, 14, 3, 94, 35]);
        assert_eq!(
            draw(Seeded::with_integer(0), 1 << 40),
            [849_735_321_549, 87_705_687_125, 1_067_347_797_602, 788_025_983_492, 480_641_685_011]
        );
    }
}
