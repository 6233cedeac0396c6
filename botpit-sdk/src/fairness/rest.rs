//! Any finished match, by what REST tells of it (spec, "Provably Fair", "Verification").

use std::collections::HashMap;

use sdk_core::error::Result;

use super::evidence::{Ending, HashSeen, MatchEvidence};
use super::fields::{Kept, same};
use super::readings::Readings;
use super::report::FairnessReport;
use crate::model::{Match, MatchId, MatchRecord, MoveRecord, Proof, Replay, Side};
use crate::rest::Rest;

impl MatchEvidence {
    /// What a proof tells: the match, its moves, the commitment and the seed. A proof tells no results: a [`Replay`] does.
    pub fn from_proof(proof: &Proof) -> Self {
        let mut evidence = Self::new();
        evidence.add_proof(proof);
        evidence
    }

    /// Adds what a proof tells. Where it tells something differently than it was told before, that is a violation.
    pub fn add_proof(&mut self, proof: &Proof) {
        self.hash(&proof.verification.server_seed_hash, HashSeen::Afterwards);
        self.seed(proof.verification.server_seed.clone());
        self.add_record(&proof.record);
        self.add_moves(&proof.moves);
    }

    /// Adds what a replay tells: the match, its moves, and the results, where none were seen before.
    pub fn add_replay(&mut self, replay: &Replay) {
        self.add_record(&replay.record);
        self.add_moves(&replay.moves);
        if self.rounds.iter().any(|round| round.resolved) {
            return;
        }
        // The moves made the rounds: results go to them in order, replayed ties one after the other.
        let mut at = 0;
        for told in &replay.rounds {
            let waiting = self.rounds.iter().skip(at).position(|round| round.round == told.round);
            match waiting.and_then(|ahead| self.rounds.get_mut(at + ahead)) {
                // In a replay, what lies between has no result at all: it stays as it is.
                Some(round) => {
                    round.resolved = true;
                    round.result = Some(Kept::from(told.result.as_str()));
                    at += waiting.unwrap_or(0) + 1;
                }
                None => {
                    self.resolved(told.round, Some(told.result.as_str()), None);
                    at = self.rounds.len();
                }
            }
        }
    }

    /// Adds what the record of a finished match tells.
    pub fn add_record(&mut self, record: &MatchRecord) {
        self.match_id.get_or_insert_with(|| record.id.clone());
        self.game_type.get_or_insert_with(|| record.game_type.clone());
        let was_seen = self.ending.is_some();
        let first = self.wager_lamports.get_or_insert(record.wager_lamports);
        if *first != record.wager_lamports {
            let (first, later) =
                (first.as_lamports().to_string(), record.wager_lamports.as_lamports().to_string());
            self.retold("wager_lamports", &first, &later);
        }
        self.agent_a.get_or_insert_with(|| record.agent_a.clone());
        self.agent_b.get_or_insert_with(|| record.agent_b.clone());
        if let Some(hash) = &record.server_seed_hash {
            self.hash(hash, HashSeen::Afterwards);
        }
        if let Some(seed) = &record.server_seed {
            self.seed(seed.clone());
        }
        let ending =
            self.ending.get_or_insert_with(|| Ending { winner: record.winner.clone(), ..Ending::default() });
        if was_seen && ending.winner != record.winner {
            let name = |winner: &Option<crate::model::AgentId>| {
                winner.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string)
            };
            let (first, later) = (name(&ending.winner), name(&record.winner));
            self.retold("winner", &first, &later);
        }
    }

    fn add_moves(&mut self, moves: &[MoveRecord]) {
        let (Some(a), Some(b)) = (self.agent_a.clone(), self.agent_b.clone()) else { return };
        let is_first = self.rounds.is_empty();
        self.all_moves_known |= is_first;
        for side in [Side::A, Side::B] {
            let agent = side.pick(&a, &b);
            // How often a number has come: ties may be replayed under one.
            let mut seen: HashMap<u32, usize> = HashMap::new();
            for made in moves.iter().filter(|made| made.agent_id == *agent) {
                let nth = seen.entry(made.round).or_default();
                if is_first {
                    self.listed(side, made.round, *nth, made.move_data.as_str());
                } else {
                    self.compared(side, made.round, *nth, made.move_data.as_str());
                }
                *nth += 1;
            }
        }
    }

    /// A move off a list, the n-th of its side under its number.
    fn listed(&mut self, side: Side, round: u32, nth: usize, move_data: &str) {
        let place = self.rounds.iter_mut().filter(|known| known.round == round).nth(nth);
        match place {
            Some(place) => *place.sent_mut(side) = Some(Kept::from(move_data)),
            None => self.insert(round, side, move_data),
        }
    }

    /// What was seen counts. A list of moves that has another in its place has been changed since.
    fn compared(&mut self, side: Side, round: u32, nth: usize, move_data: &str) {
        let place = self.rounds.iter().filter(|known| known.round == round).nth(nth);
        let Some(seen) = place.and_then(|place| place.sent(side)).map(Kept::as_str) else { return };
        if !same(seen, move_data) {
            let seen = seen.to_owned();
            self.retold("move_data", &seen, move_data);
        }
    }
}

impl Rest {
    /// Checks any finished match by what `/proof` and `/replay` tell of it.
    ///
    /// Where there is no replay, the commitment and the record are checked. Where there is no proof, the match's own record is
    /// taken, which has hash and seed too.
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// let report = rest.verify_match(&"match-uuid".into()).await?;
    /// println!("{report}");
    /// assert!(!report.verdict().is_violated());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As told in [`rest`](crate::rest#errors): status 404 when there is no such match, or it is not over.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn verify_match(&self, id: &MatchId) -> Result<FairnessReport> {
        Ok(self.match_evidence(id).await?.verify())
    }

    /// As [`verify_match`](Self::verify_match), with what is known of this server.
    ///
    /// # Errors
    /// As [`verify_match`](Self::verify_match).
    ///
    /// # Cancel safety
    /// As [`verify_match`](Self::verify_match).
    pub async fn verify_match_with(&self, id: &MatchId, readings: &Readings) -> Result<FairnessReport> {
        let evidence = self.match_evidence(id).await?;
        Ok(readings.verify(&host_of(self.http().base()), evidence))
    }

    /// What `/proof` and `/replay` tell of a finished match.
    ///
    /// # Errors
    /// As [`verify_match`](Self::verify_match).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn match_evidence(&self, id: &MatchId) -> Result<MatchEvidence> {
        let mut evidence = MatchEvidence::new();
        match self.proof(id).await {
            Ok(proof) => evidence.add_proof(&proof),
            Err(no_proof) if no_proof.status() == Some(404) => match self.match_by_id(id).await? {
                Match::Completed(record) => evidence.add_record(&record),
                _ => return Err(no_proof),
            },
            Err(error) => return Err(error),
        }
        match self.replay(id).await {
            Ok(replay) => evidence.add_replay(&replay),
            Err(error) if error.status() == Some(404) => {}
            Err(error) => return Err(error),
        }
        Ok(evidence)
    }
}

/// The name under which [`Readings`] know a server: its host, and the port where it is not the scheme's own.
///
/// ```
/// use botpit_sdk::fairness::host_of;
///
/// assert_eq!(host_of(&"wss://api.botpit.com/api/v1/ws".parse().unwrap()), "api.botpit.com");
/// assert_eq!(host_of(&"http://localhost:3001".parse().unwrap()), "localhost:3001");
/// ```
pub fn host_of(url: &url::Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
