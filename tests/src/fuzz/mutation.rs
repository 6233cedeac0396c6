//! Examples with bytes changed by chance, from a seed.

use std::path::Path;

/// Bytes that mean something in JSON, in HTTP, in times and in UTF-8.
const TELLING: &[u8] = b"{}[]\":,\\0-9eE.nulltrue\n\r \x00\x7f\x80\xc3\xed\xf0\xffZ+;=/";
/// Values that are of another type, too large, or odd.
const ODD: [&str; 16] = [
    "null",
    "-1",
    "-0.0",
    "1e999",
    "18446744073709551616",
    "-9223372036854775809",
    "1.5",
    "[]",
    "{}",
    "\"\"",
    r#""\ud800""#,
    r#""\u0000""#,
    "\u{202e}\u{feff}",
    "[[[[[[[[[[[[[[[[",
    "9999-12-31T23:59:60Z",
    "NaN",
];
/// No input is longer.
const LONGEST: usize = 64 * 1024;

/// The files of a directory and of those below it, whole and line by line.
pub fn seeds(directory: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut entries: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    // The same on every machine.
    entries.sort();
    for path in entries {
        if path.is_dir() {
            found.extend(seeds(&path));
            continue;
        }
        let whole = std::fs::read(&path).unwrap();
        let lines = whole.split(|byte| *byte == b'\n').filter(|line| line.len() > 2);
        // A line of `frames.txt` says first which way it goes.
        let frames = lines.map(|line| line.strip_prefix(b"< ").or(line.strip_prefix(b"> ")).unwrap_or(line));
        found.extend(frames.filter(|line| line.len() < LONGEST).map(<[u8]>::to_vec));
        if whole.len() < LONGEST {
            found.push(whole);
        }
    }
    found
}

/// Changes examples, always in the same way for the same seed.
#[derive(Debug)]
pub struct Mutator<'a> {
    rng: fastrand::Rng,
    seeds: &'a [Vec<u8>],
}

impl<'a> Mutator<'a> {
    /// Some examples, and a seed.
    pub fn new(seeds: &'a [Vec<u8>], seed: u64) -> Self {
        Self { rng: fastrand::Rng::with_seed(seed), seeds }
    }

    /// One or more examples, changed in a few places; now and then bytes of no meaning.
    pub fn draw(&mut self) -> Vec<u8> {
        if self.rng.u8(..) < 4 {
            return (0..self.rng.usize(..400)).map(|_| self.rng.u8(..)).collect();
        }
        let mut bytes = Vec::new();
        for _ in 0..self.rng.usize(1..4) {
            bytes.extend_from_slice(self.example());
            bytes.push(b'\n');
        }
        for _ in 0..self.rng.usize(0..10) {
            self.change(&mut bytes);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn example(&mut self) -> &'a [u8] {
        let at = self.rng.usize(..self.seeds.len().max(1));
        self.seeds.get(at).map(Vec::as_slice).unwrap_or_default()
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.rng.usize(..=bytes.len());
        let other = self.rng.usize(at..=bytes.len());
        match self.rng.u8(..8) {
            0 => bytes.truncate(at),
            1 => bytes.splice(at..other.min(at + 12), []).for_each(drop),
            2 => bytes.insert(at, *self.rng.choice(TELLING).unwrap()),
            3 => bytes.insert(at, self.rng.u8(..)),
            4 => {
                let again = bytes[at..other].to_vec();
                bytes.splice(at..at, again).for_each(drop);
            }
            // The rest of another example: fields that do not belong here.
            5 => {
                let example = self.example();
                let from = self.rng.usize(..=example.len());
                bytes.splice(at..at, example[from..].iter().copied()).for_each(drop);
            }
            // A value of JSON for another one.
            6 => {
                let begins =
                    bytes[at..].iter().position(|byte| *byte == b':').map_or(at, |colon| at + colon + 1);
                let ends = bytes[begins..]
                    .iter()
                    .position(|byte| b",}]".contains(byte))
                    .map_or(begins, |end| begins + end);
                bytes.splice(begins..ends, self.rng.choice(ODD).unwrap().bytes()).for_each(drop);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.rng.u8(..8);
                }
            }
        }
    }
}
