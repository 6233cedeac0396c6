//! What the platform says in a best of three, as frames that only want a match id.

use std::sync::OnceLock;

use botpit_sdk::fairness::commitment;

/// The bot's own id, and the opponent's.
const ME: &str = "0b8e6a3c-52f1-4c0e-9d7a-6f1f4a2b9c01";
const OPPONENT: &str = "7d41c9e2-8f36-4b5a-a1c8-03e5d2b7f410";

/// Where a match's seed stands, and its hash: each match has its own, as a seed that served another one is a violation.
const SEED: &str = "5f1d7e0c9b2a48d6a3c4e8f70b1926d5";
const SEED_HASH: &str = "5c6288cc0303449e95dfef45035d7839d4e7dbc378061fd1912717307de44842";
/// So many matches in a row have seeds of their own: more than a run plays.
const SEEDS: usize = 16 * 1024;

/// A match id is a UUID; the slot stands in its fourth group, the match's number in its last.
const ID: &str = "3f0c1d2e-9b7a-4c5d-0000-000000000000";
const SLOT: std::ops::Range<usize> = 19..23;
const SERIAL: std::ops::Range<usize> = 24..36;

/// Rounds of a match: won, lost, won.
pub(crate) const ROUNDS: u32 = 3;

/// A frame with places for a match id, a seed and its hash.
pub(crate) struct Frame {
    bytes: Vec<u8>,
    id_at: Option<usize>,
    seed_at: Option<usize>,
    hash_at: Option<usize>,
}

impl Frame {
    fn new(text: &str) -> Self {
        let mut bytes = vec![FINAL_TEXT];
        match text.len() {
            short @ 0..=125 => bytes.push(short as u8),
            long => {
                bytes.push(126);
                bytes.extend_from_slice(&(long as u16).to_be_bytes());
            }
        }
        let head = bytes.len();
        let place = |mark| text.find(mark).map(|at| head + at);
        let (id_at, seed_at, hash_at) = (place(ID), place(SEED), place(SEED_HASH));
        bytes.extend_from_slice(text.as_bytes());
        Self { bytes, id_at, seed_at, hash_at }
    }

    /// Appends the frame for a match.
    pub(crate) fn append(&self, id: &MatchId, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        let (seed, hash) = &seeds()[id.seed];
        for (at, text) in [(self.id_at, &id.text[..]), (self.seed_at, seed), (self.hash_at, hash)] {
            if let Some(at) = at
                && let Some(place) = out.get_mut(start + at..start + at + text.len())
            {
                place.copy_from_slice(text);
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

const FINAL_TEXT: u8 = 0x81;

/// Seeds and the SHA-256 of their texts, so that the SDK's check of a match does all of its work.
pub(crate) fn seeds() -> &'static [(Vec<u8>, Vec<u8>)] {
    static SEED_TABLE: OnceLock<Vec<(Vec<u8>, Vec<u8>)>> = OnceLock::new();
    SEED_TABLE.get_or_init(|| {
        let seed = |number: usize| format!("{number:08x}{}", &SEED[8..]);
        let with_hash = |seed: String| (seed.clone().into_bytes(), commitment(&seed).into_bytes());
        (0..SEEDS).map(seed).map(with_hash).collect()
    })
}

/// A match's id as it stands in frames, and its seed's number.
pub(crate) struct MatchId {
    text: [u8; ID.len()],
    seed: usize,
}

impl MatchId {
    pub(crate) fn new(slot: usize, serial: u64) -> Self {
        let mut id = [0; ID.len()];
        let text = format!("{}{slot:04x}-{serial:012x}", &ID[..SLOT.start]);
        id.copy_from_slice(text.as_bytes());
        Self { text: id, seed: serial as usize % SEEDS }
    }

    /// The slot in an id's text.
    pub(crate) fn slot_of(id: &[u8]) -> Option<usize> {
        usize::from_str_radix(std::str::from_utf8(id.get(SLOT)?).ok()?, 16).ok()
    }

    /// How long an id's text is.
    pub(crate) const LEN: usize = SERIAL.end;
}

/// Everything that the platform says.
pub(crate) struct Script {
    pub(crate) authenticated: Frame,
    pub(crate) match_found: Frame,
    pub(crate) game_start: Frame,
    pub(crate) your_turn: [Frame; ROUNDS as usize],
    pub(crate) opponent_moved: [Frame; ROUNDS as usize],
    pub(crate) round_result: [Frame; ROUNDS as usize],
    pub(crate) game_over: Frame,
}

impl Script {
    pub(crate) fn new() -> Self {
        let won = |round| {
            format!(r#"{{"round":{round},"move_a":"rock","move_b":"scissors","round_winner":"{ME}"}}"#)
        };
        let lost = |round| {
            format!(r#"{{"round":{round},"move_a":"rock","move_b":"paper","round_winner":"{OPPONENT}"}}"#)
        };
        let results = [won(1), lost(2), won(3)];
        let scores = ["[0,0]", "[1,0]", "[1,1]", "[2,1]"];
        let your_turn = |round: usize| {
            let (score, history) = (scores[round - 1], results[..round - 1].join(","));
            Frame::new(&format!(
                r#"{{"type":"your_turn","match_id":"{ID}","round":{round},"game_state":{{"round":{round},"score":{score},"rounds_to_win":2,"history":[{history}]}},"timeout_ms":10000}}"#
            ))
        };
        let opponent_moved = |round: usize| {
            Frame::new(&format!(
                r#"{{"type":"opponent_moved","match_id":"{ID}","round":{round},"move_data":{{}}}}"#
            ))
        };
        let round_result = |round: usize| {
            let (score, result) = (scores[round], &results[round - 1]);
            Frame::new(&format!(
                r#"{{"type":"round_result","match_id":"{ID}","round":{round},"result":{result},"score":{score}}}"#
            ))
        };
        Self {
            authenticated: Frame::new(&format!(
                r#"{{"type":"authenticated","agent_id":"{ME}","agent_name":"Bench"}}"#
            )),
            match_found: Frame::new(&format!(
                r#"{{"type":"match_found","match_id":"{ID}","game_type":"rps","opponent_id":"{OPPONENT}","opponent_name":"House","wager_lamports":10000000,"server_seed_hash":"{SEED_HASH}"}}"#
            )),
            game_start: Frame::new(&format!(r#"{{"type":"game_start","match_id":"{ID}","your_side":"a"}}"#)),
            your_turn: [1, 2, 3].map(your_turn),
            opponent_moved: [1, 2, 3].map(opponent_moved),
            round_result: [1, 2, 3].map(round_result),
            game_over: Frame::new(&format!(
                r#"{{"type":"game_over","match_id":"{ID}","winner":"{ME}","final_score":[2,1],"server_seed":"{SEED}","payout_lamports":19600000}}"#
            )),
        }
    }
}
