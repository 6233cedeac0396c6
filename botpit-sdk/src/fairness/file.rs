//! A match from a file.

use sdk_core::error::{Error, Result, codes};
use sdk_core::wire::{self, RawJson};
use serde::Deserialize;

use super::evidence::MatchEvidence;
use crate::model::MatchRecord;

/// What was seen of a match, from JSON. These forms are read:
///
/// - `{"proof": …, "replay": …}`: the bodies of `/proof` and `/replay` (spec, "Matches"); one of the two is enough, and a
///   `"match"` with the body of `/matches/:match_id` may stand beside them or alone;
/// - the body of `/proof`, or of `/replay`, as it is;
/// - a [`FairnessReport`](super::FairnessReport): what was seen is in it; it may stand under `fairness`, as a starter bot writes it;
/// - a [`MatchEvidence`].
///
/// ```
/// use botpit_sdk::fairness::{Verdict, from_json};
///
/// let evidence = from_json(
///     r#"{"match": {"id": "m-1", "game_type": "coinflip", "status": "completed",
///         "agent_a": "a", "agent_b": "b", "winner": "a", "wager_lamports": 10000000,
///         "server_seed_hash": "974bdc14dee29c18372cf58f356f0669800b0ab20a497ee81ac77df10783abfe",
///         "created_at": "2024-03-01T12:00:00Z", "completed_at": "2024-03-01T12:01:30Z"},
///       "moves": [],
///       "verification": {
///         "server_seed_hash": "974bdc14dee29c18372cf58f356f0669800b0ab20a497ee81ac77df10783abfe",
///         "server_seed": "f9e8d7c6", "instructions": "…"}}"#,
/// )?;
/// assert_eq!(evidence.verify().fair(), Some(true));
/// # Ok::<(), botpit_sdk::Error>(())
/// ```
///
/// # Errors
/// [`NOT_JSON`](codes::NOT_JSON), or [`DECODE_FAILED`](codes::DECODE_FAILED) for any other form and for one with a field that
/// is missing or wrong, which the error names.
pub fn from_json(text: &str) -> Result<MatchEvidence> {
    #[derive(Deserialize)]
    struct Forms {
        proof: Option<RawJson>,
        replay: Option<RawJson>,
        #[serde(rename = "match")]
        record: Option<RawJson>,
        verification: Option<RawJson>,
        moves: Option<RawJson>,
        rounds: Option<RawJson>,
        evidence: Option<RawJson>,
        fairness: Option<RawJson>,
        hash_seen: Option<RawJson>,
    }

    #[derive(Deserialize)]
    struct Report {
        evidence: MatchEvidence,
    }

    let forms: Forms = wire::decode(text, "the match")?;
    if let Some(report) = &forms.fairness {
        let Report { evidence } = report.decode("fairness")?;
        return Ok(evidence);
    }
    if let Some(evidence) = &forms.evidence {
        return evidence.decode("evidence");
    }
    if forms.hash_seen.is_some() {
        return wire::decode(text, "evidence");
    }
    let mut evidence = MatchEvidence::new();
    let is_proof = forms.verification.is_some();
    let is_replay = forms.record.is_some() && forms.moves.is_some() && forms.rounds.is_some();
    if is_proof {
        evidence.add_proof(&wire::decode(text, "proof")?);
    }
    if is_replay {
        evidence.add_replay(&wire::decode(text, "replay")?);
    }
    if is_proof || is_replay {
        return Ok(evidence);
    }
    if let Some(proof) = &forms.proof {
        evidence.add_proof(&proof.decode("proof")?);
    }
    if let Some(replay) = &forms.replay {
        evidence.add_replay(&replay.decode("replay")?);
    }
    if let Some(record) = &forms.record {
        evidence.add_record(&record.decode::<MatchRecord>("match")?);
    }
    if forms.proof.is_none() && forms.replay.is_none() && forms.record.is_none() {
        let message = "this is no proof, no replay, no report and no evidence of a match";
        return Err(Error::new(&codes::DECODE_FAILED, message).with_field("proof"));
    }
    Ok(evidence)
}
