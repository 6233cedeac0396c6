//! The body of the fuzz target on stable Rust: the frames of the spec with bytes changed at random, from fixed seeds.

#[path = "../fuzz/body.rs"]
mod body;

const SPEC: &str = include_str!("fixtures/spec/frames.txt");
const RUNS: u64 = 5_000;
/// Bytes that mean something in JSON, in the platform's reasons and in UTF-8.
const TELLING: &[u8] = b"{}[]\":,\\0-9eE.nulltrue\n\r \x00\x7f\x80\xc3\xed\xf0\xff";

fn mutated(rng: &mut fastrand::Rng, frames: &[&str]) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..rng.usize(1..4))
        .flat_map(|_| rng.choice(frames).into_iter().flat_map(|frame| frame.bytes().chain([b'\n'])))
        .collect();
    for _ in 0..rng.usize(0..8) {
        let at = rng.usize(..bytes.len().max(1)).min(bytes.len());
        let other = rng.usize(at..=bytes.len());
        match rng.u8(..5) {
            0 => bytes.truncate(at),
            1 => bytes.splice(at..other.min(at + 12), []).for_each(drop),
            2 => bytes.insert(at, rng.choice(TELLING).copied().unwrap_or(b'"')),
            3 => bytes.insert(at, rng.u8(..)),
            _ => {
                let again = bytes.get(at..other).unwrap_or_default().to_vec();
                bytes.splice(at..at, again).for_each(drop);
            }
        }
    }
    bytes
}

#[test]
fn nothing_that_a_server_could_send_panics() {
    let frames: Vec<&str> = SPEC.lines().filter_map(|line| line.get(2..)).collect();
    for seed in 0..RUNS {
        let bytes = mutated(&mut fastrand::Rng::with_seed(seed), &frames);
        let outcome = std::panic::catch_unwind(|| body::decoders(&bytes));
        assert!(outcome.is_ok(), "seed {seed}: {:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn bytes_of_no_meaning_are_taken_too() {
    let mut rng = fastrand::Rng::with_seed(7);
    for length in (0..400).chain([64 << 10]) {
        let bytes: Vec<u8> = (0..length).map(|_| rng.u8(..)).collect();
        body::decoders(&bytes);
    }
}
